import { join } from "node:path";
import { InternalError } from "../core/errors.ts";

/** Version of everything below; a store of another version is refused. */
export const STORE_FORMAT = 1;

export const RECORD_FILE = "record.json";
export const STAGE_FILE = "stage.json";

/**
 * Where everything in a store lies. Nobody else knows a path.
 *
 *     format.json                 the format's version
 *     objects/ab/<key>/           a finished stage: its files, stage.json, record.json
 *     work/<key>/checkpoint       an unfinished stage: where to go on
 *     work/<key>/files-<token>/   and the files it has written so far
 *     work/<key>/progress.jsonl   how far it is, for whoever looks on
 *     leases/<key>/<holder>       who computes the stage now
 *     failures/<key>.json         why the stage was given up
 *     stops/<key or id>           a stage or an experiment that is to stop
 *     experiments/<id>.json       a spec that was run
 *     contents/<set>/<sha256>     the data that stages were computed from, an empty file each
 *     quarantine/<key>-<n>/       a damaged object, out of the way
 *     reports/<name>/             what `report` writes
 */
export class Layout {
  readonly root: string;
  readonly objects: string;

  constructor(root: string) {
    this.root = root;
    this.objects = join(root, "objects");
  }

  get format(): string {
    return join(this.root, "format.json");
  }

  /** Objects are spread over 256 folders by the first two digits of their keys. */
  shard(key: string): string {
    return join(this.objects, checkKey(key).slice(0, 2));
  }

  object(key: string): string {
    return join(this.objects, checkKey(key).slice(0, 2), key);
  }

  record(key: string): string {
    return join(this.objects, checkKey(key).slice(0, 2), key, RECORD_FILE);
  }

  get works(): string {
    return join(this.root, "work");
  }

  work(key: string): string {
    return join(this.works, checkKey(key));
  }

  checkpoint(key: string): string {
    return join(this.work(key), "checkpoint");
  }

  progress(key: string): string {
    return join(this.work(key), "progress.jsonl");
  }

  /** The files that the lease with this token has written. */
  workFiles(key: string, token: string): string {
    return join(this.work(key), `files-${token}`);
  }

  get leases(): string {
    return join(this.root, "leases");
  }

  lease(key: string): string {
    return join(this.leases, checkKey(key));
  }

  /** Where a lease is prepared before it is moved into place. */
  newLease(token: string): string {
    return join(this.leases, `.new-${token}`);
  }

  get experiments(): string {
    return join(this.root, "experiments");
  }

  experiment(id: string): string {
    return join(this.experiments, `${checkKey(id)}.json`);
  }

  get stops(): string {
    return join(this.root, "stops");
  }

  /** Of a stage's key or an experiment's id. */
  stop(target: string): string {
    return join(this.stops, checkKey(target));
  }

  get failures(): string {
    return join(this.root, "failures");
  }

  failure(key: string): string {
    return join(this.failures, `${checkKey(key)}.json`);
  }

  /** Contents of the data set of this name. */
  contents(set: string): string {
    return join(this.root, "contents", checkFileName(set));
  }

  get quarantines(): string {
    return join(this.root, "quarantine");
  }

  quarantine(key: string, n: number): string {
    return join(this.quarantines, `${checkKey(key)}-${n}`);
  }

  /** Folder of the report of the spec with this name. */
  report(name: string): string {
    return join(this.root, "reports", checkFileName(name));
  }
}

/** File of an output: `weights@150` → `weights@150.safetensors`, `overlap` → `overlap.json`, `metrics` → `metrics.jsonl`. */
export function outputFile(output: string): string {
  const [name] = output.split("@");
  switch (name) {
    case "weights":
    case "mask":
      return `${output}.safetensors`;
    case "overlap":
    case "path":
      return `${output}.json`;
    case "metrics":
    case "residuals":
    case "timing":
      return `${output}.jsonl`;
    default:
      throw new InternalError(`outputFile(): "${output}" is no output of a stage`);
  }
}

/** Logs grow when a stage is extended, and then replace the shorter one; every other file never changes once stored. */
export function isLog(file: string): boolean {
  return file.endsWith(".jsonl");
}

/** Name on disk of a log that replaces another one. */
export function replacementPath(file: string, sha256: string): string {
  return `${file.slice(0, -".jsonl".length)}.${sha256.slice(0, 16)}.jsonl`;
}

function checkKey(key: string): string {
  if (!/^[0-9a-f]{64}$/.test(key)) throw new InternalError(`store: "${key}" is not a key`);
  return key;
}

/** Refuses a file name that could leave its folder, hide in it, or pass for the record. */
export function checkFileName(file: string): string {
  if (!/^\w[\w@.-]*$/.test(file) || file === RECORD_FILE)
    throw new InternalError(`store: "${file}" is not a file name`);
  return file;
}
