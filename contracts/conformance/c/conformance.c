// The twin of ../src/lib.rs: the same service, the same answers, without a line of Rust.
#include "stint.h"

static const slice NOTHING = {0, 0};

static int64_t put(slice q) {
  slice key = bytes_of(q, 1), value = bytes_of(q, 2);
  host_put(key.at, key.size, value.at, value.size);
  return answer(NOTHING);
}

static int64_t delete(slice q) {
  slice key = bytes_of(q, 1);
  host_delete(key.at, key.size);
  return answer(NOTHING);
}

static int64_t get(slice q) {
  slice key = bytes_of(q, 1);
  int64_t found = host_get(key.at, key.size);
  writer w = {0};
  if (found != -1) {
    put_number(&w, 1, 1);
    put_bytes(&w, 2, unpack(found));
  }
  return answer(written(w));
}

// Takes a piece off a page: its size, little endian, and its bytes.
static slice piece(slice *page) {
  uint32_t size = page->at[0] | page->at[1] << 8 | page->at[2] << 16 | (uint32_t)page->at[3] << 24;
  slice out = {page->at + 4, size};
  page->at += 4 + size;
  page->size -= 4 + size;
  return out;
}

static int64_t scan(slice q) {
  slice from = bytes_of(q, 1), to = bytes_of(q, 2);
  slice page = unpack(host_scan(from.at, from.size, to.at, to.size, (uint32_t)number_of(q, 3),
                                (uint32_t)number_of(q, 4)));
  writer w = {0};
  while (page.size > 0) {
    writer entry = {0};
    put_bytes(&entry, 1, piece(&page));
    put_bytes(&entry, 2, piece(&page));
    put_message(&w, 1, written(entry));
  }
  return answer(written(w));
}

static void announce(slice text) {
  slice type = TEXT("stint.conformance.v1.Said");
  writer w = {0};
  put_bytes(&w, 1, text);
  host_emit(type.at, type.size, w.at, w.size);
}

static int64_t say(slice q) {
  announce(bytes_of(q, 1));
  return answer(NOTHING);
}

static int64_t who(void) {
  slice context = unpack(host_context());
  writer w = {0};
  put_bytes(&w, 1, bytes_of(context, 3));
  put_bytes(&w, 2, bytes_of(context, 4));
  put_bytes(&w, 3, bytes_of(context, 6));
  put_bytes(&w, 4, bytes_of(context, 7));
  put_number(&w, 5, number_of(context, 2));
  put_number(&w, 6, bytes_of(context, 5).size);
  return answer(written(w));
}

static int64_t truth(bool yes) {
  writer w = {0};
  put_number(&w, 1, yes);
  return answer(written(w));
}

static int64_t has_role(slice q) {
  slice role = bytes_of(q, 1);
  return truth(host_has_role(role.at, role.size) == 1);
}

static slice decimal(uint64_t n) {
  uint8_t *end = (uint8_t *)stint_alloc(20) + 20, *at = end;
  do *--at = '0' + n % 10;
  while ((n /= 10) > 0);
  return (slice){at, (uint32_t)(end - at)};
}

static int64_t refuse_as_told(slice q) {
  host_put("refused", 7, "1", 1);
  announce(TEXT("about to refuse"));
  uint64_t asked = number_of(q, 1);
  return refuse(asked == 5 ? 5 : 9, bytes_of(q, 2), bytes_of(q, 3), TEXT("asked"), decimal(asked));
}

static int64_t hash(slice q) {
  slice bytes = bytes_of(q, 1), out = {stint_alloc(32), 32};
  host_sha256(bytes.at, bytes.size, (void *)out.at);
  writer w = {0};
  put_bytes(&w, 1, out);
  return answer(written(w));
}

static int64_t verify(slice q) {
  slice key = bytes_of(q, 1), signature = bytes_of(q, 2), message = bytes_of(q, 3);
  if (key.size != 32 || signature.size != 64)
    return refuse(3, TEXT("sizes"), TEXT("a key has 32 bytes and a signature 64"), NOTHING, NOTHING);
  return truth(host_ed25519_verify(key.at, signature.at, message.at, message.size) == 1);
}

// A stint.v1.CallAnswer: field 1 is the response, field 2 a refusal, whose rule is field 2.
static int64_t heard(slice outcome) {
  writer w = {0};
  put_bytes(&w, 1, bytes_of(outcome, 1));
  put_bytes(&w, 2, bytes_of(bytes_of(outcome, 2), 2));
  return answer(written(w));
}

static int64_t call(slice q) {
  slice commons = bytes_of(q, 1), method = bytes_of(q, 2), request = bytes_of(q, 3);
  return heard(unpack(host_call(commons.at, commons.size, method.at, method.size, request.at,
                                request.size, 0)));
}

static int64_t rule(slice q) {
  slice code = bytes_of(q, 1), method = bytes_of(q, 2), request = bytes_of(q, 3);
  if (code.size != 32)
    return refuse(3, TEXT("sizes"), TEXT("a code hash has 32 bytes"), NOTHING, NOTHING);
  return heard(unpack(host_rule(code.at, method.at, method.size, request.at, request.size, 0)));
}

static int64_t cheat(void) {
  host_put("cheat", 5, "1", 1);
  return answer(NOTHING);
}

static int64_t burn(void) {
  int64_t before = host_fuel(), after = host_fuel();
  return truth(after > 0 && after < before);
}

EXPORT(stint_call) int64_t stint_call(uint32_t method, const uint8_t *at, uint32_t size) {
  slice q = {at, size};
  switch (method) {
  case 0: return put(q);
  case 1: return delete(q);
  case 2: return get(q);
  case 3: return scan(q);
  case 4: return say(q);
  case 5: case 6: return who();
  case 7: return has_role(q);
  case 8: return refuse_as_told(q);
  case 9: return hash(q);
  case 10: return verify(q);
  case 11: return call(q);
  case 12: return cheat();
  case 13: __builtin_trap();
  case 14: for (volatile int i = 0;; i++) {}
  case 15: return burn();
  case 16: return rule(q);
  case 17: return answer(NOTHING);
  }
  return refuse(12, TEXT("method"), TEXT("the service has no such method"), NOTHING, NOTHING);
}
