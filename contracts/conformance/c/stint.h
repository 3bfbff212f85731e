// What a contract in C needs: the host's functions, memory that is handed out and never taken back
// (an instance serves one call), and just enough of protobuf. The host's side is described in
// docs/author/host.md.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define IMPORT(name) __attribute__((import_module("stint_v1"), import_name(#name))) extern
#define EXPORT(name) __attribute__((export_name(#name)))

IMPORT(get) int64_t host_get(const void *key, uint32_t size);
IMPORT(put) void host_put(const void *key, uint32_t key_size, const void *value, uint32_t value_size);
IMPORT(delete) void host_delete(const void *key, uint32_t size);
IMPORT(scan) int64_t host_scan(const void *from, uint32_t from_size, const void *to, uint32_t to_size,
                               uint32_t limit, uint32_t reverse);
IMPORT(emit) void host_emit(const void *type, uint32_t type_size, const void *body, uint32_t body_size);
IMPORT(context) int64_t host_context(void);
IMPORT(has_role) int32_t host_has_role(const void *role, uint32_t size);
IMPORT(call) int64_t host_call(const void *commons, uint32_t commons_size, const void *method,
                               uint32_t method_size, const void *request, uint32_t request_size,
                               int64_t fuel);
IMPORT(rule) int64_t host_rule(const void *code, const void *method, uint32_t method_size,
                               const void *request, uint32_t request_size, int64_t fuel);
IMPORT(sha256) void host_sha256(const void *bytes, uint32_t size, void *to);
IMPORT(ed25519_verify) int32_t host_ed25519_verify(const void *key, const void *signature,
                                                   const void *message, uint32_t size);
IMPORT(fuel) int64_t host_fuel(void);

typedef struct { const uint8_t *at; uint32_t size; } slice;

#define TEXT(literal) ((slice){(const uint8_t *)(literal), sizeof(literal) - 1})

extern uint8_t __heap_base;
static uint32_t heap;

EXPORT(stint_alloc) void *stint_alloc(uint32_t size) {
  if (heap == 0) heap = (uint32_t)&__heap_base;
  uint32_t start = (heap + 7) & ~7u, end = start + size;
  if (end < start) __builtin_trap();
  uint32_t have = (uint32_t)__builtin_wasm_memory_size(0) << 16;
  if (end > have && __builtin_wasm_memory_grow(0, (end - have + 65535) >> 16) == (unsigned long)-1)
    __builtin_trap();
  heap = end;
  return (void *)start;
}

void *memcpy(void *to, const void *from, unsigned long n) {
  for (unsigned long i = 0; i < n; i++) ((uint8_t *)to)[i] = ((const uint8_t *)from)[i];
  return to;
}

static slice unpack(int64_t packed) {
  return (slice){(const uint8_t *)(uint32_t)((uint64_t)packed >> 32), (uint32_t)packed};
}

static bool same(slice a, slice b) {
  if (a.size != b.size) return false;
  for (uint32_t i = 0; i < a.size; i++)
    if (a.at[i] != b.at[i]) return false;
  return true;
}

// --- reading protobuf ---

static bool varint(slice *in, uint64_t *out) {
  *out = 0;
  for (uint32_t shift = 0; shift < 64 && in->size > 0; shift += 7) {
    uint8_t byte = *in->at++;
    in->size--;
    *out |= (uint64_t)(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

// One field: its number, and its value as a number or as bytes. False at the end, or when the
// message cannot be read, which `broken` tells.
typedef struct { slice rest; uint32_t number; uint64_t value; slice bytes; bool broken; } reader;

static bool next(reader *r) {
  uint64_t tag, size;
  if (r->rest.size == 0) return false;
  if (!varint(&r->rest, &tag)) { r->broken = true; return false; }
  r->number = (uint32_t)(tag >> 3);
  r->bytes = (slice){0, 0};
  r->value = 0;
  switch (tag & 7) {
  case 0:
    if (varint(&r->rest, &r->value)) return true;
    break;
  case 2:
    if (!varint(&r->rest, &size) || size > r->rest.size) break;
    r->bytes = (slice){r->rest.at, (uint32_t)size};
    r->rest.at += size;
    r->rest.size -= (uint32_t)size;
    return true;
  }
  r->broken = true;
  return false;
}

// The last value of a field; empty or 0 when it is not there.
static slice bytes_of(slice message, uint32_t number) {
  reader r = {message, 0, 0, {0, 0}, false};
  slice found = {0, 0};
  while (next(&r))
    if (r.number == number) found = r.bytes;
  return found;
}

static uint64_t number_of(slice message, uint32_t number) {
  reader r = {message, 0, 0, {0, 0}, false};
  uint64_t found = 0;
  while (next(&r))
    if (r.number == number) found = r.value;
  return found;
}

// --- writing protobuf ---

typedef struct { uint8_t *at; uint32_t size, room; } writer;

static void add(writer *w, const void *bytes, uint32_t size) {
  if (w->size + size > w->room) {
    uint32_t room = (w->size + size) * 2 + 64;
    uint8_t *larger = stint_alloc(room);
    memcpy(larger, w->at, w->size);
    w->at = larger;
    w->room = room;
  }
  memcpy(w->at + w->size, bytes, size);
  w->size += size;
}

static void add_varint(writer *w, uint64_t n) {
  do {
    uint8_t byte = (n & 0x7f) | (n > 0x7f ? 0x80 : 0);
    add(w, &byte, 1);
    n >>= 7;
  } while (n > 0);
}

static void put_number(writer *w, uint32_t field, uint64_t n) {
  if (n == 0) return;
  add_varint(w, field << 3);
  add_varint(w, n);
}

// A message, even an empty one: for repeated fields and maps.
static void put_message(writer *w, uint32_t field, slice s) {
  add_varint(w, field << 3 | 2);
  add_varint(w, s.size);
  add(w, s.at, s.size);
}

static void put_bytes(writer *w, uint32_t field, slice s) {
  if (s.size > 0) put_message(w, field, s);
}

static slice written(writer w) { return (slice){w.at, w.size}; }

// --- answers ---

static int64_t answer(slice s) { return (int64_t)((uint64_t)(uint32_t)s.at << 32 | s.size); }

// A `stint.v1.Refusal`; the highest bit says so.
static int64_t refuse(uint32_t code, slice rule, slice message, slice name, slice value) {
  writer w = {0}, detail = {0};
  put_number(&w, 1, code);
  put_bytes(&w, 2, rule);
  put_bytes(&w, 3, message);
  if (name.size > 0) {
    put_bytes(&detail, 1, name);
    put_bytes(&detail, 2, value);
    put_message(&w, 4, written(detail));
  }
  return answer(written(w)) | INT64_MIN;
}
