import { existsSync, rmSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { InputError } from "../core/errors.ts";
import { decodeCheckpoint } from "./read-checkpoint.ts";
import { fixtureBytes } from "./torch.fixture.ts";
import { encodeZip } from "./zip-write.ts";

const P2 = "\x80\x02";
const storage = (key: string, size: string) =>
  `(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0${key}X\x03\0\0\0cpu${size}tQ`;
const OD = "ccollections\nOrderedDict\n)R";
const rebuild = (args: string) => `ctorch._utils\n_rebuild_tensor_v2\n(${args}tR`;
/** One float32 of storage 0 as a tensor of the given shape and strides (pickle text). */
const tensor = (shape: string, strides: string, offset = "K\0") =>
  rebuild(`${storage("0", "K\x01")}${offset}${shape}${strides}\x89${OD}`);
const named = (value: string) => `${P2}}X\x01\0\0\0w${value}s.`;

/** A zip file of torch.save with this pickle, and one float32 as storage 0. */
function zip(pickle: string | Buffer, storageBytes = Buffer.alloc(4)): Buffer {
  return encodeZip([
    { name: "archive/data.pkl", bytes: typeof pickle === "string" ? Buffer.from(pickle, "latin1") : pickle },
    { name: "archive/data/0", bytes: storageBytes },
    { name: "archive/version", bytes: Buffer.from("3\n") },
  ]);
}

/** The message of the InputError that a pickle is refused with. */
function refusal(pickle: string): string {
  return failure(zip(pickle));
}

function failure(bytes: Uint8Array): string {
  try {
    decodeCheckpoint(bytes, "x.pt");
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  throw new Error("was read");
}

describe("a pickle that would execute something", () => {
  it.each(["harm.pt", "harm-legacy.pt"])("os.system, as Python's pickle writes it: %s", (name) => {
    rmSync("/tmp/sweepstake-harmed", { force: true });
    expect(failure(fixtureBytes(name))).toMatch(
      /^x\.pt: (data\.pkl: )?byte \d+: class or function "posix system" is not allowed\n {2}hint: only weights are read, never code/,
    );
    expect(existsSync("/tmp/sweepstake-harmed")).toBe(false);
  });

  it.each([
    ["builtins\neval", "builtins eval"],
    ["__builtin__\neval", "__builtin__ eval"],
    ["builtins\ngetattr", "builtins getattr"],
    ["os\nsystem", "os system"],
    ["collections\nOrderedDict.fromkeys", "collections OrderedDict.fromkeys"],
    ["torch._utils\n_rebuild_tensor_v2.__globals__", "torch._utils _rebuild_tensor_v2.__globals__"],
    ["torch\n_utils._rebuild_tensor_v2", "torch _utils._rebuild_tensor_v2"],
    ["torch.serialization\nload", "torch.serialization load"],
    ["torch\nload", "torch load"],
    ["\n", " "],
    ["torch\n__proto__", "torch __proto__"],
  ])("names %j: refused by that name", (name, shown) => {
    expect(refusal(named(`c${name}\n(tR`))).toContain(
      `x.pt: data.pkl: byte 9: class or function ${JSON.stringify(shown)} is not allowed\n  hint: only weights are read`,
    );
  });

  it.each([
    ...["numpy.core.multiarray\nscalar", "argparse\nNamespace", "toString\nconstructor", "torch\nComplexFloatStorage"],
  ])("names %j, which we do not know: a name that stands for nothing", (name) => {
    for (const made of ["(tR", ")\x81", ")}\x92", "(tR}b", "(tRK\x01a", "(tRK\x01K\x02s"])
      expect(refusal(named(`c${name}\n${made}`))).toContain('expected a dictionary of tensors, got one with "w"');
  });

  it("by STACK_GLOBAL is refused as well", () => {
    const pickle = named("\x8c\x02os\x8c\x06system\x93)R");
    expect(refusal(pickle)).toContain('byte 21: class or function "os system" is not allowed');
    expect(refusal(named("K\x01\x8c\x06system\x93"))).toContain("expected a module and a name as text");
  });

  it("every opcode outside the list is refused by its number", () => {
    const known = new Set(
      Buffer.from("\x80(NKMJGXUCB)t]ae}suqrhjcRbQ.\x81\x85\x86\x87\x88\x89\x8a\x8c\x8f\x90\x92\x93\x94\x95", "latin1"),
    );
    const others = Array.from({ length: 256 }, (_, i) => i).filter((code) => !known.has(code));
    for (const code of others)
      expect(refusal(named(String.fromCharCode(code)))).toContain(
        `x.pt: data.pkl: byte 9: opcode 0x${code.toString(16).padStart(2, "0")} is not allowed\n  hint: only weights`,
      );
    expect(others).toHaveLength(256 - 42);
  });
});

describe("an allowed class in a wrong place", () => {
  it.each([
    [
      "called with what is no tuple",
      `${OD}ccollections\nOrderedDict\n]R`,
      "expected a call of an allowed function with a tuple",
    ],
    ["a call of text", "X\x01\0\0\0a)R", "expected a call of an allowed function with a tuple"],
    ["a storage called", "ctorch\nFloatStorage\n)R", "torch.FloatStorage: it is not to be called"],
    [
      "an OrderedDict of something",
      "ccollections\nOrderedDict\n(]tR",
      "collections.OrderedDict: expected no arguments",
    ],
    ["a Counter of a list", "ccollections\nCounter\n(]tR", "collections.Counter: expected one dict"],
    ["a set of a dict", "c__builtin__\nset\n(}tR", "__builtin__.set: expected one list"],
    [
      "bytes by another codec",
      "c_codecs\nencode\n(X\x01\0\0\0aX\x03\0\0\0hextR",
      '_codecs.encode: expected (text, "latin1")',
    ],
    ["attributes of a dict", "}}b", "attributes are allowed on an OrderedDict only"],
    ["attributes that are no dict", `${OD}]b`, "attributes are allowed on an OrderedDict only"],
    ["attributes of a class", "ccollections\nOrderedDict\n}b", "attributes are allowed on an OrderedDict only"],
    ["a tensor without a storage", rebuild(`NK\0))\x89${OD}`), "_rebuild_tensor_v2: expected a storage"],
    [
      "a negative offset",
      tensor("K\x01\x85", "K\x01\x85", "J\xff\xff\xff\xff"),
      "expected an offset, and a shape and strides",
    ],
    ["a negative size", tensor("J\xff\xff\xff\xff\x85", "K\x01\x85"), "expected an offset, and a shape and strides"],
    ["a negative stride", tensor("K\x01\x85", "J\xff\xff\xff\xff\x85"), "expected an offset, and a shape and strides"],
    ["fewer strides than sizes", tensor("K\x01\x85", ")"), "a shape and strides of equal length"],
    ["more than 64 dimensions", tensor(`(${"K\x01".repeat(65)}t`, `(${"K\x01".repeat(65)}t`), "a shape and strides"],
    ["hooks", rebuild(`${storage("0", "K\x01")}K\0))\x89N`), "expected a flag and no hooks"],
    ["a conjugate", rebuild(`${storage("0", "K\x01")}K\0))\x89${OD}}X\x04\0\0\0conj\x88s`), "expected no metadata"],
    ["a parameter of no tensor", `ctorch._utils\n_rebuild_parameter\n(N\x88${OD}tR`, "expected a tensor"],
    ["a storage id that is no tuple", "NQ", "persistent id: expected a tuple"],
    ["a storage id of another kind", "(X\x06\0\0\0moduletQ", 'persistent id: expected ("storage", a class of storages'],
    [
      "a storage of a negative size",
      storage("0", "J\xff\xff\xff\xff"),
      "persistent id: expected a whole number of elements",
    ],
    [
      "a storage of two sizes",
      `${storage("0", "K\x01")}${storage("0", "K\x02")}`,
      'storage "0" has two types or sizes',
    ],
  ])("%s is refused by name", (_, value, message) => {
    expect(refusal(named(value))).toMatch(/^x\.pt: data\.pkl: byte \d+: /);
    expect(refusal(named(value))).toContain(message);
  });
});

describe("a pickle that is no proper program", () => {
  it.each([
    ["ends at once", "\x80", "the pickle ends in the middle"],
    ["has no protocol", "}.", "expected a pickle of protocol 2 or later"],
    ["is of protocol 0", "\x80\0}.", "expected protocol 2 to 5, got 0"],
    ["is of protocol 6", "\x80\x06}.", "expected protocol 2 to 5, got 6"],
    ["pops an empty stack", `${P2}.`, "expected a value on the stack, got none"],
    ["leaves a mark", `${P2}(.`, "expected a value on the stack, got none"],
    ["leaves two values", `${P2}NN.`, "expected one value at the end of the pickle, got several"],
    ["reads a memo that was never written", `${P2}h\x07.`, "expected an earlier value at memo 7, got none"],
    ["memoizes nothing", `${P2}q\0.`, "expected a value on the stack, got none"],
    ["memoizes a mark", `${P2}(q\0.`, "expected a value on the stack, got none"],
    ["makes a tuple without a mark", `${P2}Nt.`, "expected a mark on the stack, got none"],
    ["appends to no list", `${P2}}Na.`, "expected a list to append to"],
    ["sets items of no dictionary", `${P2}]NNs.`, "expected a dictionary to set items of"],
    ["sets a key without a value", `${P2}}(Nu.`, "expected pairs of keys and values"],
    ["takes a list as a key", `${P2}}]Ns.`, "expected a key that can be hashed"],
    ["adds to no set", `${P2}](N\x90.`, "expected a set to add to"],
    ["has text beyond its end", `${P2}X\xff\xff\xff\x7fabc.`, "the pickle ends in the middle"],
    ["has bytes beyond its end", `${P2}B\xff\xff\xff\xffabc.`, "the pickle ends in the middle"],
    ["has text that is no UTF-8", `${P2}X\x01\0\0\0\xff.`, "expected text in UTF-8"],
    ["has a name without an end", `${P2}ctorch`, "the pickle ends in the middle"],
  ])("%s", (_, pickle, message) => {
    expect(refusal(pickle)).toMatch(/^x\.pt: data\.pkl: byte \d+: /);
    expect(refusal(pickle)).toContain(message);
  });

  /** A dictionary of `entries` (pickle text) and one proper tensor, "w". */
  const withTensor = (entries: string) => zip(`${P2}}(X\x01\0\0\0w${tensor(")", ")")}${entries}u.`);
  const entry = (name: string, value: string) => `X\x01\0\0\0${name}${value}`;

  it.each([
    ["tuples 200,000 deep", entry("t", "(".repeat(200_000) + "t".repeat(200_000))],
    ["a list that holds itself 30,000 times", entry("l", `]q\0${"(h\0h\0h\0e".repeat(10_000)}`)],
    [
      "a text of 1 MB that is 100,000 times in the memo",
      entry("x", `(X\0\0\x10\0${"a".repeat(2 ** 20)}q\0${"h\0".repeat(100_000)}t`),
    ],
    [
      "bytes of 1 MB, encoded 50,000 times",
      entry("x", `(X\0\0\x10\0${"a".repeat(2 ** 20)}q\0${"c_codecs\nencode\n(h\0X\x06\0\0\0latin1tR".repeat(50_000)}t`),
    ],
  ])("but legal, %s: no harm, no wait", (_, entries) => {
    const start = performance.now();
    expect([...decodeCheckpoint(withTensor(entries), "x.pt").tensors.keys()]).toEqual(["w"]);
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it("but legal, dictionaries that each hold the next a thousand times: no harm, no wait", () => {
    const many = (value: string) =>
      `}(${Array.from({ length: 1000 }, (_, i) => `X\x04\0\0\0${String(i).padStart(4, "0")}${value}`).join("")}u`;
    const levels = [0, 1, 2, 3].map((i) => {
      const memo = String.fromCharCode(i);
      return entry("abcd"[i] ?? "", `${many(i === 0 ? tensor(")", ")") : `h${String.fromCharCode(i - 1)}`)}q${memo}`);
    });
    expect(failure(withTensor(levels.join("")))).toContain(
      "holds several dictionaries of tensors: . (5 entries), a (1000 entries)",
    );
  });

  it("that holds itself is read without end", () => {
    const self = `${P2}}q\0X\x01\0\0\0ah\0sX\x01\0\0\0w${tensor(")", ")")}s.`;
    expect([...decodeCheckpoint(zip(self), "x.pt").tensors.keys()]).toEqual(["w"]);
  });
});

describe("a tensor that does not fit its storage", () => {
  it.each([
    [
      "too many elements",
      "K\x02\x85",
      "K\x01\x85",
      "K\0",
      "shape [2], strides [1] and offset 0 reach beyond its storage of 1 elements",
    ],
    ["an offset beyond the end", ")", ")", "K\x01", "shape [], strides [] and offset 1 reach beyond its storage"],
    [
      "an empty tensor beyond the end",
      "K\0\x85",
      "K\x01\x85",
      "K\x02",
      "shape [0], strides [1] and offset 2 reach beyond",
    ],
    [
      "a stride beyond the end",
      "K\x02\x85",
      "M\xff\xff\x85",
      "K\0",
      "shape [2], strides [65535] and offset 0 reach beyond",
    ],
    [
      "an overflow in the stride",
      "K\x02\x85",
      `\x8a\x08${"\xff".repeat(7)}\x0f\x85`,
      "K\0",
      "expected an offset, and a shape",
    ],
  ])("%s", (_, shape, strides, offset, message) => {
    expect(refusal(named(tensor(shape, strides, offset)))).toContain(message);
  });

  it("one element shown as very many", () => {
    const huge = "J\xff\xff\xff\x7f";
    expect(refusal(named(tensor(`${huge}\x85`, "K\0\x85")))).toMatch(
      /^x\.pt: expected tensors of at most \d+ bytes in a file of \d+, got 8589934588\n {2}hint: save copies instead of expanded views/,
    );
    expect(refusal(named(tensor(`(${huge.repeat(9)}t`, `(${"K\0".repeat(9)}t`)))).toContain("got Infinity");
    expect(refusal(named(tensor(`${huge}${huge}${huge}\x87`, "K\0K\0K\0\x87")))).toContain("got Infinity");
  });

  it("a storage of another size, and one that is not there", () => {
    expect(failure(zip(named(tensor(")", ")")), Buffer.alloc(8)))).toBe(
      'x.pt: tensor "w": expected 1 elements of type float32, got 8 bytes\n  hint: the file is damaged or cut off: copy it or save it again',
    );
    const elsewhere = rebuild(`${storage("7", "K\x01")}K\0))\x89${OD}`);
    expect(refusal(named(elsewhere))).toContain('x.pt: expected an entry "archive/data/7", got an archive without');
  });

  it("but legal, a storage of 16 MB that 3000 tensors share: its checksum is taken once", () => {
    const elements = 2 ** 22;
    const shared = rebuild(`${storage("0", "J\0\0\x40\0")}K\0))\x89${OD}`);
    const names = Array.from({ length: 3000 }, (_, i) => `X\x04\0\0\0${String(i).padStart(4, "0")}${shared}`).join("");
    const start = performance.now();
    expect(decodeCheckpoint(zip(`${P2}}(${names}u.`, Buffer.alloc(4 * elements)), "x.pt").tensors.size).toBe(3000);
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it("a bool of another byte than 0 and 1", () => {
    const bools = named(
      tensor("K\x04\x85", "K\x01\x85").replace("FloatStorage", "BoolStorage").replace("cpuK\x01", "cpuK\x04"),
    );
    expect(failure(zip(bools, Buffer.of(0, 1, 2, 1)))).toContain(
      'tensor "w": expected bools of 0 and 1, got another byte',
    );
  });
});

describe("a file of torch.save without weights", () => {
  it.each([
    ["one tensor", `${P2}${tensor(")", ")")}.`, "expected a dictionary of tensors, got a single tensor"],
    ["None", `${P2}N.`, "expected a dictionary of tensors, got None"],
    ["a list", `${P2}].`, "expected a dictionary of tensors, got a list"],
    ["numbers", `${P2}}X\x01\0\0\0aK\x01s.`, 'expected a dictionary of tensors, got one with "a"'],
    ["nothing", `${P2}}.`, "expected a dictionary of tensors, got one with nothing"],
    ["numbered tensors", `${P2}}K\x01${tensor(")", ")")}s.`, "expected names of tensors as keys, got a number"],
  ])("%s", (_, pickle, message) => {
    expect(refusal(pickle)).toContain(`x.pt: ${message}`);
  });
});
