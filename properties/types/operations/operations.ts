/** The type tests of all operations as two modules: uses that are well typed, and uses that are wrong. */
import { arrays } from './arrays.js';
import type { Complaint, Modules } from './compilers.js';
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

/** Well-typed uses that do not compile, each with what is said of it, and wrong ones that do. */
export const unexpected = (complaints: readonly Complaint[]): readonly string[] => {
  const isWrong = ({ module }: Complaint): boolean => module === 'wrong';
  const lines = new Set(complaints.filter(isWrong).map(({ line }) => line));
  const textAt = (at: number): string => wellTyped.find(({ line }) => line === at)?.text ?? `line ${at}`;
  return [
    ...complaints
      .filter((one) => !isWrong(one))
      .map(({ line, message }) => `${textAt(line)} does not compile: ${message}`),
    ...wrongUses.filter(({ line }) => !lines.has(line)).map(({ text }) => `${text} compiles`),
  ];
};
