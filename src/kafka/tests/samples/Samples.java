// Writes samples.txt: bytes made by Kafka's own classes, one sample a line: its name, then hex.
//
//     java -cp 'build/kafka/jars/4.3.0/*' src/kafka/tests/samples/Samples.java > src/kafka/tests/samples/samples.txt

import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.message.HeartbeatResponseData;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.message.SaslHandshakeRequestData;
import org.apache.kafka.common.message.SaslHandshakeResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.protocol.types.BoundField;
import org.apache.kafka.common.protocol.types.Field;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.protocol.types.TaggedFields;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.requests.HeartbeatRequest;
import org.apache.kafka.common.requests.RequestHeader;
import org.apache.kafka.common.requests.SaslHandshakeRequest;
import org.apache.kafka.common.utils.Utils;

public class Samples {
  static void print(String name, ByteBuffer bytes) {
    StringBuilder line = new StringBuilder(name).append(' ');
    for (int i = bytes.position(); i < bytes.limit(); ++i) {
      line.append(String.format("%02x", bytes.get(i)));
    }
    System.out.println(line);
  }

  static byte[] text(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static void message(String name, ApiMessage message, short version) {
    ObjectSerializationCache cache = new ObjectSerializationCache();
    ByteBuffer bytes = ByteBuffer.allocate(message.size(cache, version));
    message.write(new ByteBufferAccessor(bytes), cache, version);
    bytes.flip();
    print(name, bytes);
  }

  // Every field that this version has gets a value of its own, arrays two elements.
  static int next = 1;

  static Object value(Class<?> wanted, java.lang.reflect.Type generic, int version) throws Exception {
    ++next;
    if (wanted == boolean.class) return next % 2 == 0;
    if (wanted == byte.class) return (byte) next;
    if (wanted == short.class) return (short) (next * 3);
    if (wanted == int.class) return next * 1_000_003;
    if (wanted == long.class) return next * 1_000_000_000_039L;
    if (wanted == double.class) return next / 2.0;
    if (wanted == String.class) return "text " + next;
    if (wanted == Uuid.class) return new Uuid(next * 77_777_777_777L, next);
    if (wanted == byte[].class) return text("bytes " + next);
    if (wanted == ByteBuffer.class) return ByteBuffer.wrap(text("bytes " + next));
    if (List.class.isAssignableFrom(wanted) || java.util.Collection.class.isAssignableFrom(wanted)) {
      boolean list = wanted == List.class;
      Class<?> element = list
          ? boxed((Class<?>) ((ParameterizedType) generic).getActualTypeArguments()[0])
          : Class.forName(wanted.getName().replaceAll("Collection$", ""));
      Object made = list ? new ArrayList<>() : wanted.getConstructor().newInstance();
      for (int i = 0; i < 2; ++i) {
        ((java.util.Collection<Object>) made).add(value(element, element, version));
      }
      return made;
    }
    if (wanted.getSimpleName().equals("BaseRecords")) return MemoryRecords.EMPTY;
    Object struct = wanted.getConstructor().newInstance();
    fill(struct, version);
    return struct;
  }

  static Class<?> boxed(Class<?> type) {
    return type == Integer.class ? int.class : type == Long.class ? long.class : type == Short.class ? short.class
        : type == Byte.class ? byte.class : type;
  }

  static void set(Object data, Field field, int version) throws Exception {
    StringBuilder setter = new StringBuilder("set");
    for (String word : field.name.split("_")) {
      setter.append(Character.toUpperCase(word.charAt(0))).append(word.substring(1));
    }
    for (Method method : data.getClass().getMethods()) {
      if (method.getName().equalsIgnoreCase(setter.toString()) && method.getParameterCount() == 1) {
        method.invoke(data, value(method.getParameterTypes()[0], method.getGenericParameterTypes()[0], version));
        return;
      }
    }
    throw new IllegalStateException(data.getClass() + " has no " + setter);
  }

  static void fill(Object data, int version) throws Exception {
    Schema schema = ((Schema[]) data.getClass().getField("SCHEMAS").get(null))[version];
    for (BoundField bound : schema.fields()) {
      if (bound.def.type instanceof TaggedFields) {
        for (Field field : new java.util.TreeMap<>(((TaggedFields) bound.def.type).fields()).values()) {
          set(data, field, version);
        }
      } else {
        set(data, bound.def, version);
      }
    }
  }

  static void filled(String name, int version) throws Exception {
    next = 1;
    ApiMessage data = (ApiMessage) Class.forName("org.apache.kafka.common.message." + name + "Data").getConstructor().newInstance();
    fill(data, version);
    message(name + "-" + version, data, (short) version);
  }

  static MemoryRecordsBuilder batch(Compression compression, TimestampType type, long producer, int sequence, boolean transactional) {
    return MemoryRecords.builder(ByteBuffer.allocate(1 << 16), RecordBatch.CURRENT_MAGIC_VALUE, compression, type, 7L,
        1_700_000_000_500L, producer, (short) (producer < 0 ? -1 : 3), sequence, transactional, 9);
  }

  static void three(String name, Compression compression, TimestampType type, long producer, int sequence, boolean transactional) {
    MemoryRecordsBuilder builder = batch(compression, type, producer, sequence, transactional);
    builder.append(1_700_000_000_000L, text("key"), text("value"));
    builder.append(1_700_000_000_123L, null, text("x".repeat(100)),
        new Header[] {new RecordHeader("traceparent", text("00-ab")), new RecordHeader("none", null)});
    builder.append(1_699_999_999_999L, text(""), null);
    print(name, builder.build().buffer());
  }

  static void committed(String name, ControlRecordType type) {
    print(name, MemoryRecords.withEndTransactionMarker(11L, 1_700_000_000_000L, 9, 42L, (short) 3,
        new EndTransactionMarker(type, 5)).buffer());
  }

  public static void main(String[] arguments) throws Exception {
    three("batch", Compression.NONE, TimestampType.CREATE_TIME, -1L, -1, false);
    three("batch-of-transaction", Compression.NONE, TimestampType.CREATE_TIME, 42L, 17, true);
    three("batch-append-time", Compression.NONE, TimestampType.LOG_APPEND_TIME, -1L, -1, false);
    three("batch-gzip", Compression.gzip().build(), TimestampType.CREATE_TIME, -1L, -1, false);
    three("batch-snappy", Compression.snappy().build(), TimestampType.CREATE_TIME, -1L, -1, false);
    three("batch-lz4", Compression.lz4().build(), TimestampType.CREATE_TIME, -1L, -1, false);
    three("batch-zstd", Compression.zstd().build(), TimestampType.CREATE_TIME, -1L, -1, false);
    committed("control-commit", ControlRecordType.COMMIT);
    committed("control-abort", ControlRecordType.ABORT);
    message("heartbeat-request-4", new HeartbeatRequestData().setGroupId("group").setGenerationId(5)
        .setMemberId("member").setGroupInstanceId("instance"), (short) 4);
    message("heartbeat-request-4-without-instance", new HeartbeatRequestData().setGroupId("group").setGenerationId(5)
        .setMemberId("member"), (short) 4);
    message("heartbeat-response-4", new HeartbeatResponseData().setThrottleTimeMs(100).setErrorCode((short) 27), (short) 4);
    for (String key : List.of("a", "ab", "abc", "abcd", "the quick brown fox", "\u00fc\u00ff\u4e2d")) {
      ByteBuffer hash = ByteBuffer.allocate(4).putInt(Utils.murmur2(text(key)));
      hash.flip();
      print("murmur2-" + String.format("%x", new java.math.BigInteger(1, text(key))), hash);
    }
    print("framed-heartbeat", new HeartbeatRequest.Builder(new HeartbeatRequestData().setGroupId("group").setGenerationId(5)
        .setMemberId("member")).build((short) 4).serializeWithHeader(
            new RequestHeader(ApiKeys.HEARTBEAT, (short) 4, "rheon", 77)));
    print("framed-sasl-handshake", new SaslHandshakeRequest.Builder(new SaslHandshakeRequestData()
        .setMechanism("SCRAM-SHA-256")).build((short) 1).serializeWithHeader(
            new RequestHeader(ApiKeys.SASL_HANDSHAKE, (short) 1, "rheon", 77)));
    message("response-header-0", new ResponseHeaderData().setCorrelationId(77), (short) 0);
    message("response-header-1", new ResponseHeaderData().setCorrelationId(77), (short) 1);
    message("sasl-handshake-response-1", new SaslHandshakeResponseData().setErrorCode((short) 33)
        .setMechanisms(List.of("PLAIN", "SCRAM-SHA-512")), (short) 1);
    for (String each : List.of("ApiVersions 4", "Metadata 12", "FindCoordinator 6", "ListOffsets 9", "Fetch 17", "Produce 11",
        "Produce 12", "InitProducerId 5", "AddPartitionsToTxn 3", "AddOffsetsToTxn 4", "TxnOffsetCommit 4", "TxnOffsetCommit 5",
        "EndTxn 4", "EndTxn 5", "JoinGroup 9", "SyncGroup 5", "Heartbeat 4", "LeaveGroup 5", "OffsetFetch 9", "OffsetCommit 9",
        "CreateTopics 7", "DeleteRecords 2", "DescribeConfigs 4", "DescribeCluster 1", "OffsetForLeaderEpoch 4",
        "DescribeProducers 0", "DescribeTransactions 0", "SaslAuthenticate 2")) {
      String[] words = each.split(" ");
      filled(words[0] + "Request", Integer.parseInt(words[1]));
      filled(words[0] + "Response", Integer.parseInt(words[1]));
    }
  }
}
