import { MARK, PickleMachine } from "./pickle-machine.ts";
import {
  PickleDict,
  PickleList,
  PickleSet,
  type PickleStorage,
  PickleTuple,
  type PickleValue,
} from "./pickle-values.ts";
import { damaged, saveWeightsOnly } from "./refuse.ts";

export interface Unpickled {
  readonly value: PickleValue;
  /** First byte behind the pickle. */
  readonly end: number;
  /** Every storage that the pickle names, by key. */
  readonly storages: ReadonlyMap<string, PickleStorage>;
}

/**
 * Reads one pickle with an allow-list of opcodes and classes: it builds plain data and can execute nothing.
 * @param start first byte of the pickle
 * @param name  the file's name, for errors
 * @throws InputError naming the file, the class or opcode, and its offset in `bytes`
 */
export function unpickle(bytes: Uint8Array, start: number, name: string): Unpickled {
  const machine = new PickleMachine(bytes, start, name);
  if (bytes[start] !== 0x80) throw machine.error("expected a pickle of protocol 2 or later", damaged);
  for (let opcode = machine.nextOpcode(); opcode !== undefined; opcode = machine.nextOpcode()) {
    const execute = opcodes.get(opcode);
    if (execute === undefined)
      throw machine.error(`opcode 0x${opcode.toString(16).padStart(2, "0")} is not allowed`, saveWeightsOnly);
    execute(machine);
  }
  return { value: machine.result(), end: machine.position, storages: machine.storages };
}

/** The opcodes that torch.save writes, of protocols 2 to 5; what is not named here is refused. */
const opcodes: ReadonlyMap<number, (machine: PickleMachine) => void> = new Map([
  [0x80, (m) => m.protocol()],
  [0x95, (m) => m.frame()],
  [code("("), (m) => m.push(MARK)],
  [code("N"), (m) => m.push(null)],
  [0x88, (m) => m.push(true)],
  [0x89, (m) => m.push(false)],
  [code("K"), (m) => m.push(m.unsigned(1))],
  [code("M"), (m) => m.push(m.unsigned(2))],
  [code("J"), (m) => m.push(m.unsigned(4) | 0)],
  [0x8a, (m) => m.push(m.long(m.unsigned(1)))],
  [code("G"), (m) => m.push(m.float())],
  [code("X"), (m) => m.push(m.text(m.unsigned(4)))],
  [0x8c, (m) => m.push(m.text(m.unsigned(1)))],
  [code("U"), (m) => m.push(m.text(m.unsigned(1)))],
  [code("C"), (m) => m.skipBytes(m.unsigned(1))],
  [code("B"), (m) => m.skipBytes(m.unsigned(4))],
  [code(")"), (m) => m.push(new PickleTuple([]))],
  [0x85, (m) => m.tuple(1)],
  [0x86, (m) => m.tuple(2)],
  [0x87, (m) => m.tuple(3)],
  [code("t"), (m) => m.push(new PickleTuple(m.popToMark()))],
  [code("]"), (m) => m.push(new PickleList())],
  [code("a"), (m) => m.append([m.pop()])],
  [code("e"), (m) => m.append(m.popToMark())],
  [code("}"), (m) => m.push(new PickleDict(false))],
  [code("s"), (m) => m.setItems(m.popPair())],
  [code("u"), (m) => m.setItems(m.popToMark())],
  [0x8f, (m) => m.push(new PickleSet())],
  [0x90, (m) => m.addItems()],
  [code("q"), (m) => m.put(m.unsigned(1))],
  [code("r"), (m) => m.put(m.unsigned(4))],
  [0x94, (m) => m.memoize()],
  [code("h"), (m) => m.get(m.unsigned(1))],
  [code("j"), (m) => m.get(m.unsigned(4))],
  [code("c"), (m) => m.global(m.line(), m.line())],
  [0x93, (m) => m.stackGlobal()],
  [code("R"), (m) => m.reduce()],
  [0x81, (m) => m.newObject(false)],
  [0x92, (m) => m.newObject(true)],
  [code("b"), (m) => m.build()],
  [code("Q"), (m) => m.persistentId()],
]);

function code(character: string): number {
  return character.charCodeAt(0);
}
