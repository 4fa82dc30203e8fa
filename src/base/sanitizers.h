#pragma once

// Which sanitizers a file is compiled for: g++ says it by macros, clang by features.

#if defined(__has_feature)
#define RHEON_HAS_FEATURE(name) __has_feature(name)
#else
#define RHEON_HAS_FEATURE(name) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || RHEON_HAS_FEATURE(address_sanitizer)
#define RHEON_ADDRESS_SANITIZER 1
#else
#define RHEON_ADDRESS_SANITIZER 0
#endif

#if defined(__SANITIZE_THREAD__) || RHEON_HAS_FEATURE(thread_sanitizer)
#define RHEON_THREAD_SANITIZER 1
#else
#define RHEON_THREAD_SANITIZER 0
#endif

#if RHEON_ADDRESS_SANITIZER || RHEON_THREAD_SANITIZER || RHEON_HAS_FEATURE(memory_sanitizer)
#define RHEON_SANITIZER 1
#else
#define RHEON_SANITIZER 0
#endif

#undef RHEON_HAS_FEATURE
