// The job of T-22 (tests/chaos/stall.py): numbers the lines `key,text` of each key, and writes
// `key,number,text` to the standard output.

#include <rheon/rheon.h>

using namespace rheon;

struct Numbered {
  std::uint64_t number = 0;
  std::string_view text;
};
RHEON_FIELDS(Numbered, number, text)

struct Number : KeyedOperator<std::string_view, std::string_view, Numbered> {
  Counter lines{*this, "lines", unbounded()};

  void process(std::string_view line, Context& ctx) {
    ctx.emit({lines.add(), line.substr(ctx.key().size() + 1)});
  }
};

void relay(Job& job) {
  auto input = job.param<std::string>("input", "glob of files with lines `key,text`");
  job.from("lines", files::lines(input))
      .key_by([](std::string_view line) { return line.substr(0, line.find(',')); })
      .process<Number>("numbers")
      .to("out", console::lines_out());
}

int main(int argc, char** argv) { return rheon::main("relay", relay, argc, argv); }
