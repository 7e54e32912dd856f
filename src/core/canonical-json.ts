import { hash } from "node:crypto";
import { InternalError } from "./errors.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** JSON with sorted keys and no white space: equal values give equal bytes. Throws on NaN and infinities. */
export function canonicalJson(value: Json): string {
  if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new InternalError(`canonicalJson(): ${value} has no JSON form`);
    return JSON.stringify(value); // also turns -0 into 0
  }
  if (isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const fields = Object.keys(value)
    .sort()
    .flatMap((key) => {
      const field = value[key];
      return field === undefined ? [] : [`${JSON.stringify(key)}:${canonicalJson(field)}`];
    });
  return `{${fields.join(",")}}`;
}

function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

/** SHA-256 as 64 lower-case hexadecimal digits. */
export function sha256(bytes: string | Uint8Array): string {
  return hash("sha256", bytes);
}
