import type { InputError } from "../core/errors.ts";
import {
  PickleDict,
  PickleForeign,
  PickleGlobal,
  PickleInert,
  PickleList,
  PickleSet,
  PickleStorage,
  PickleTuple,
  type PickleValue,
} from "./pickle-values.ts";
import { damaged, quoted, refuse, saveWeightsOnly } from "./refuse.ts";
import { allowedGlobal, type CallResult, call, foreignGlobal, storageOf } from "./torch-classes.ts";

export const MARK = Symbol("mark");

const STOP = ".".charCodeAt(0);

/**
 * Dictionaries, lists, tuples, sets and objects that a pickle may make. A state dict of 10,000 tensors has some 100,000; each takes one byte
 * of the file and some 200 of memory.
 */
const MAX_VALUES = 1_000_000;

/**
 * Python's pickle machine: a stack, a memo, and one method per kind of opcode. Every method's work is bounded by the bytes
 * that its opcode takes from the file, and the values that it makes by a budget, so a hostile file can neither hang nor flood the memory.
 * Every error is an InputError naming the file and the opcode's offset.
 */
export class PickleMachine {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #name: string;
  readonly #stack: (PickleValue | typeof MARK)[] = [];
  readonly #memo = new Map<number, PickleValue>();
  readonly #storages = new Map<string, PickleStorage>();
  #at: number;
  #values = 0;
  /** Offset of the opcode being executed, for errors. */
  #opcodeAt: number;

  constructor(bytes: Uint8Array, start: number, name: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#name = name;
    this.#at = start;
    this.#opcodeAt = start;
  }

  get position(): number {
    return this.#at;
  }

  /** Every storage that persistent ids have named so far, by key. */
  get storages(): ReadonlyMap<string, PickleStorage> {
    return this.#storages;
  }

  /** The next opcode; undefined at the end of the pickle. */
  nextOpcode(): number | undefined {
    this.#opcodeAt = this.#at;
    const opcode = this.unsigned(1);
    return opcode === STOP ? undefined : opcode;
  }

  /** The one value that must be left at the end. */
  result(): PickleValue {
    const value = this.pop();
    if (this.#stack.length > 0) throw this.error("expected one value at the end of the pickle, got several", damaged);
    return value;
  }

  protocol(): void {
    const version = this.unsigned(1);
    if (version < 2 || version > 5) throw this.error(`expected protocol 2 to 5, got ${version}`, damaged);
  }

  /** Frames only help readers of streams; their length says nothing new. */
  frame(): void {
    this.#take(8);
  }

  /** Little-endian. */
  unsigned(size: 1 | 2 | 4): number {
    const at = this.#take(size);
    if (size === 1) return this.#view.getUint8(at);
    return size === 2 ? this.#view.getUint16(at, true) : this.#view.getUint32(at, true);
  }

  float(): number {
    return this.#view.getFloat64(this.#take(8), false);
  }

  /** Two's complement, little-endian. */
  long(size: number): number | bigint {
    const at = this.#take(size);
    let value = 0n;
    for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.#view.getUint8(at + i));
    const signed = BigInt.asIntN(8 * size, value);
    return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
  }

  text(size: number): string {
    const at = this.#take(size);
    return this.#utf8(at, at + size);
  }

  /** Text up to the next line feed. */
  line(): string {
    const start = this.#at;
    const end = this.#bytes.indexOf(0x0a, start);
    if (end === -1) throw this.#cutOff();
    this.#at = end + 1;
    return this.#utf8(start, end);
  }

  skipBytes(size: number): void {
    this.#take(size);
    this.push(new PickleInert("bytes"));
  }

  push(value: PickleValue | typeof MARK): void {
    if (typeof value === "object" && value !== null && ++this.#values > MAX_VALUES)
      throw this.error(`expected at most ${MAX_VALUES} values, got more`, saveWeightsOnly);
    this.#stack.push(value);
  }

  pop(): PickleValue {
    const value = this.#stack.pop();
    if (value === undefined || value === MARK) throw this.error("expected a value on the stack, got none", damaged);
    return value;
  }

  popPair(): readonly PickleValue[] {
    const value = this.pop();
    return [this.pop(), value];
  }

  /** The values above the last mark, which goes too. */
  popToMark(): readonly PickleValue[] {
    const mark = this.#stack.lastIndexOf(MARK);
    if (mark === -1) throw this.error("expected a mark on the stack, got none", damaged);
    const values = this.#stack.splice(mark).slice(1);
    // Nothing above the last mark is a mark; the filter only tells the compiler.
    return values.filter((value) => value !== MARK);
  }

  tuple(size: number): void {
    const items = Array.from({ length: size }, () => this.pop());
    this.push(new PickleTuple(items.reverse()));
  }

  append(values: readonly PickleValue[]): void {
    const list = this.#top();
    if (list instanceof PickleForeign) return;
    if (!(list instanceof PickleList)) throw this.error("expected a list to append to", damaged);
    for (const value of values) list.items.push(value);
  }

  setItems(pairs: readonly PickleValue[]): void {
    const dict = this.#top();
    if (dict instanceof PickleForeign) return;
    if (!(dict instanceof PickleDict)) throw this.error("expected a dictionary to set items of", damaged);
    if (pairs.length % 2 !== 0) throw this.error("expected pairs of keys and values", damaged);
    for (let i = 0; i < pairs.length; i += 2) {
      const [key = null, value = null] = pairs.slice(i, i + 2);
      if (key instanceof PickleList || key instanceof PickleDict || key instanceof PickleSet)
        throw this.error("expected a key that can be hashed", damaged);
      dict.entries.set(key, value);
    }
  }

  addItems(): void {
    this.popToMark();
    const set = this.#top();
    if (!(set instanceof PickleSet || set instanceof PickleForeign))
      throw this.error("expected a set to add to", damaged);
  }

  put(index: number): void {
    this.#memo.set(index, this.#top());
  }

  memoize(): void {
    this.put(this.#memo.size);
  }

  get(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) throw this.error(`expected an earlier value at memo ${index}, got none`, damaged);
    this.push(value);
  }

  stackGlobal(): void {
    const [module, name] = this.popPair();
    if (typeof module !== "string" || typeof name !== "string")
      throw this.error("expected a module and a name as text", damaged);
    this.global(module, name);
  }

  global(module: string, name: string): void {
    // "os.path" + "join" and "os" + "path.join" must not meet in one dotted name.
    const value = (name.includes(".") ? undefined : allowedGlobal(`${module}.${name}`)) ?? foreignGlobal(module, name);
    if (value === undefined)
      throw this.error(`class or function ${quoted(`${module} ${name}`)} is not allowed`, saveWeightsOnly);
    this.push(value);
  }

  reduce(): void {
    const [callee, args] = this.popPair();
    if (callee instanceof PickleForeign && args instanceof PickleTuple) {
      this.push(callee);
      return;
    }
    if (!(callee instanceof PickleGlobal) || !(args instanceof PickleTuple))
      throw this.error("expected a call of an allowed function with a tuple", saveWeightsOnly);
    this.push(this.#accepted(callee.name, call(callee, args.items)));
  }

  /** Makes an object of a class: only of those that we do not know, and for nothing. */
  newObject(hasKeywords: boolean): void {
    if (hasKeywords) this.pop();
    const [callee] = this.popPair();
    if (!(callee instanceof PickleForeign)) throw this.error("expected an object of a foreign class", saveWeightsOnly);
    this.push(callee);
  }

  /** PyTorch sets `_metadata` on state dicts; it says nothing about the weights and is dropped. */
  build(): void {
    const state = this.pop();
    const target = this.#top();
    if (target instanceof PickleForeign) return;
    if (!(target instanceof PickleDict && target.isOrderedDict) || !(state instanceof PickleDict))
      throw this.error("attributes are allowed on an OrderedDict only", saveWeightsOnly);
  }

  persistentId(): void {
    const storage = this.#accepted("persistent id", storageOf(this.pop()));
    if (!(storage instanceof PickleStorage)) {
      this.push(storage);
      return;
    }
    const known = this.#storages.get(storage.key);
    if (known !== undefined && (known.dtype !== storage.dtype || known.size !== storage.size))
      throw this.error(`storage ${quoted(storage.key)} has two types or sizes`, damaged);
    this.#storages.set(storage.key, known ?? storage);
    this.push(known ?? storage);
  }

  #accepted(what: string, result: CallResult): PickleValue {
    if ("refused" in result) throw this.error(`${what}: ${result.refused}`, saveWeightsOnly);
    return result.value;
  }

  #top(): PickleValue {
    const value = this.pop();
    this.push(value);
    return value;
  }

  /** The offset of the next `size` bytes, which are taken. */
  #take(size: number): number {
    const at = this.#at;
    if (at + size > this.#bytes.length) throw this.#cutOff();
    this.#at += size;
    return at;
  }

  #utf8(start: number, end: number): string {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.#bytes.subarray(start, end));
    } catch {
      throw this.error("expected text in UTF-8, got bytes that are not", damaged);
    }
  }

  #cutOff(): InputError {
    return this.error("the pickle ends in the middle", damaged);
  }

  error(message: string, hint: string): InputError {
    return refuse(`${this.#name}: byte ${this.#opcodeAt}`, message, hint);
  }
}
