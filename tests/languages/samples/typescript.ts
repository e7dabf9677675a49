import type { Config } from "./config";
import fs = require("fs");
import { Component, Input } from "@angular/core";
export * as helpers from "../helpers";

/** Things that have a name. interface InDoc {} */
export interface Named<T extends object = {}> extends Base, Other<T> {
  readonly name: string;
  rename?(to: string): this;
  new (x: number): Named<T>;
}

export type Id = string | number;
type Callback<A, B = A> = (
  a: A,
  b: B,
) => void;
type Shape = {
  kind: "circle";
  area(): number;
};

export const enum Level {
  Low = 1,
  High,
}

declare module "untyped" {
  export function guess(x: unknown): string;
}

namespace Geometry.Flat {
  export const ORIGIN = [0, 0];
  export function move<P>(p: P): P {
    return p;
  }
}

declare const VERSION: string;

export function parse(text: string): Config;
export function parse(text: string, strict: boolean): Config;
export function parse(text: string, strict = false): Config {
  return text && strict ? (JSON.parse(text) as Config) : ({} as Config);
}

@Component({
  selector: "app",
})
export abstract class Widget<T> extends Base<T> implements Named {
  @Input() size = 1;
  static readonly LIMIT: number = 3;

  constructor(
    private readonly fs: Config,
    public label?: string,
  ) {
    super();
  }

  abstract draw(on: Canvas): Promise<void>;

  /** Called late. */
  @Input()
  protected async onEvent<E extends Event>(
    this: Widget<T>,
    event: E,
  ): Promise<E | undefined> {
    return event ?? undefined;
  }

  private cached = <K,>(key: K): K => key;
  get area(): number { return 1; }
}

export const identity = <T,>(x: T): T => x;
export const SETTINGS: Record<string, number> = { a: 1 };

namespace limits {
  // How many at once.
  export const most = 8;
  const table: Record<string, number> = Object.fromEntries(
    [["a", 1], ["b", 2], ["c", 3]].map(([key, value]) => [key, Number(value)]),
  );
  export const double = (n: number): number => n * 2;
}

type Chosen<T> = T extends string
  ? { kind: "text"; value: T }
  : T extends number
    ? { kind: "number"; value: T }
    : never;
