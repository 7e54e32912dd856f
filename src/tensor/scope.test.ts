import { describe, expect, it } from "vitest";
import { bytesInUse } from "./engine.ts";
import { keep, scope } from "./scope.ts";
import { Tensor } from "./tensor.ts";

const kilobyte = () => Tensor.zeros([250]);

describe("scope", () => {
  it("frees everything made inside", () => {
    const start = bytesInUse();
    const sum = scope(() => kilobyte().add(1).sum().item());
    expect(sum).toBe(250);
    expect(bytesInUse()).toBe(start);
  });

  it("frees everything when the function throws", () => {
    const start = bytesInUse();
    expect(() =>
      scope(() => {
        kilobyte();
        scope(() => kilobyte().matmul(Tensor.zeros([3])));
      }),
    ).toThrow("matmul(");
    expect(bytesInUse()).toBe(start);
  });

  it("keeps what is returned: a tensor, or arrays, maps and plain objects of them", () => {
    const start = bytesInUse();
    const result = scope(() => {
      kilobyte();
      return {
        one: kilobyte(),
        list: [kilobyte(), { deep: kilobyte() }],
        map: new Map([["w", kilobyte()]]),
        n: 3,
        no: null,
      };
    });
    expect(bytesInUse() - start).toBe(4000);
    const inList = result.list[1];
    if (inList === undefined || !("deep" in inList)) throw new Error("unexpected result");
    for (const t of [result.one, result.list[0], inList.deep, result.map.get("w")])
      if (t instanceof Tensor) t.dispose();
    expect(bytesInUse()).toBe(start);
  });

  it("hands what an inner scope returns to the outer one", () => {
    const start = bytesInUse();
    scope(() => {
      const inner = scope(() => kilobyte());
      expect(inner.disposed).toBe(false);
      expect(inner.shape).toEqual([250]);
    });
    expect(bytesInUse()).toBe(start);
  });

  it("leaves tensors of the outside alone", () => {
    const outside = kilobyte();
    scope(() => outside.add(1));
    expect(outside.disposed).toBe(false);
    expect(scope(() => outside)).toBe(outside);
    outside.dispose();
  });

  it("keep() lets a tensor outlive all scopes until it is disposed", () => {
    const start = bytesInUse();
    let kept: Tensor | undefined;
    scope(() => {
      scope(() => {
        kept = keep(kilobyte());
      });
    });
    expect(kept?.disposed).toBe(false);
    expect(bytesInUse() - start).toBe(1000);
    kept?.dispose();
    expect(bytesInUse()).toBe(start);
  });

  it("keep() reaches a tensor of an outer scope", () => {
    let kept: Tensor | undefined;
    scope(() => {
      const t = kilobyte();
      scope(() => {
        kept = keep(t);
      });
    });
    expect(kept?.disposed).toBe(false);
    kept?.dispose();
  });

  it("refuses asynchronous functions and frees what they made", () => {
    const start = bytesInUse();
    expect(() => scope(async () => Promise.resolve(kilobyte()))).toThrow("scope() was given an asynchronous function");
    expect(bytesInUse()).toBe(start);
  });

  it("tensors made after a scope belong to the enclosing one again", () => {
    const start = bytesInUse();
    scope(() => {
      scope(() => kilobyte());
      kilobyte();
    });
    const after = kilobyte();
    expect(bytesInUse() - start).toBe(1000);
    after.dispose();
  });
});
