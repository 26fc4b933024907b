/** The type tests of all operations as two modules: uses that are well typed, and uses that are wrong. */
import { arrays } from './arrays.js';
import type { Modules } from './compilers.js';
import { elementwise } from './elementwise.js';
import { networks } from './networks.js';
import { bindingsOf, lineOf, moduleOf, wellTypedLine, wrongLine } from './source.js';
import { type Kind, KINDS, type Usage, type Usages } from './usage.js';

export const usages: Usages = { ...elementwise, ...arrays, ...networks };
export const operationNames: readonly string[] = Object.keys(usages);

export interface WellTyped {
  readonly name: string;
  /** Its extents: literals, symbols, or wide. */
  readonly extents: string;
  readonly text: string;
  readonly line: number;
}

export const wellTyped: readonly WellTyped[] = Object.entries(usages)
  .flatMap(([name, usage]) => {
    const uses = Object.entries(bindingsOf(usage)).map(([extents, bindings]) => ({
      name,
      extents,
      text: wellTypedLine(usage, bindings),
    }));
    // without an extent there is one use
    return uses.filter(({ text }, i) => uses.findIndex((other) => other.text === text) === i);
  })
  .map((use, i) => ({ ...use, line: lineOf(i) }));

export interface WrongUse {
  readonly name: string;
  readonly usage: Usage;
  readonly kind: Kind;
  readonly text: string;
  readonly line: number;
}

export const wrongUses: readonly WrongUse[] = Object.entries(usages)
  .flatMap(([name, usage]) => KINDS.map((kind) => ({ name, usage, kind, text: wrongLine(usage, kind) })))
  .map((use, i) => ({ ...use, line: lineOf(i) }));

export const modules: Modules = {
  wellTyped: moduleOf(
    operationNames,
    wellTyped.map(({ text }) => text),
  ),
  wrong: moduleOf(
    operationNames,
    wrongUses.map(({ text }) => text),
  ),
};
