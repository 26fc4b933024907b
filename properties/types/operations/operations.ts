/** The type tests of all operations, in both forms, as two modules: uses that are well typed, and uses that are wrong. */
import { arrays } from './arrays.js';
import type { Form } from './call.js';
import type { Complaint, Modules } from './compilers.js';
import { elementwise } from './elementwise.js';
import { networks } from './networks.js';
import { bindingsOf, formsOf, lineOf, moduleOf, prefix, wellTypedLine, type WrongLine, wrongLine } from './source.js';
import { type Kind, KINDS, type Usage, type Usages } from './usage.js';

export const usages: Usages = { ...elementwise, ...arrays, ...networks };
export const operationNames: readonly string[] = Object.keys(usages);

/** One use of an operation in one form. */
export interface FormOfUse {
  readonly name: string;
  readonly usage: Usage;
  readonly form: Form;
}

/** Every use of every operation, in every form that it has. */
export const allForms: readonly FormOfUse[] = Object.entries(usages).flatMap(([name, uses]) =>
  uses.flatMap((usage) => formsOf(usage).map((form) => ({ name, usage, form }))),
);

/** Extents are literals, symbols or wide; without an extent there is one line. */
const textsOf = ({ usage, form }: FormOfUse): readonly string[] => [
  ...new Set(Object.values(bindingsOf(usage)).map((bindings) => wellTypedLine(usage, form, bindings))),
];

/** Lines with the stated type of each result. */
export const wellTyped: readonly string[] = allForms.flatMap(textsOf);

/** A use with one mistake, on a line of its own. */
export interface WrongUse extends FormOfUse, WrongLine {
  readonly kind: Kind;
  readonly line: number;
}

export const wrongUses: readonly WrongUse[] = allForms
  .flatMap((use) => KINDS.map((kind) => ({ ...use, kind, ...wrongLine(use.usage, kind, use.form) })))
  .map((use, i) => ({ ...use, line: lineOf(i) }));

export const modules: Modules = {
  wellTyped: moduleOf(operationNames, wellTyped),
  wrong: moduleOf(
    operationNames,
    wrongUses.map(({ text }) => text),
  ),
};

/** The column of an error in the text of a use. */
export const columnIn = ({ line }: WrongUse, { column }: Complaint): number => column - prefix(line - lineOf(0)).length;

/**
 * The place of an error: at the mistake; or, in a pipe, at the operator or the first operand: TypeScript compares these
 * two with each other, and marks one of them.
 */
type Place = 'mistake' | 'operator' | 'first' | 'elsewhere';

const placeOf = (use: WrongUse, complaint: Complaint): Place => {
  const column = columnIn(use, complaint);
  if (use.mistake.some(([from, to]) => from <= column && column < to)) return 'mistake';
  if (column === use.operator?.[0]) return 'operator';
  return use.first !== null && use.first[0] <= column && column < use.first[1] ? 'first' : 'elsewhere';
};

/** Mistakes whose one error is elsewhere, with the reason. */
const probability = 'both forms take several numbers: the compiler takes the first for the key';
const EXCEPTIONS: Readonly<Record<string, string>> = {
  'piped bernoulli, wrong dim': probability,
  'piped randint, wrong dim': probability,
  'data-first rearrange, wrong rank': 'the message repeats the pattern, and is at the pattern',
};
const isExcepted = ({ form, name, kind }: WrongUse): boolean => `${form} ${name}, wrong ${kind}` in EXCEPTIONS;

const positionOf = ({ line, column }: Complaint): string => `${line}:${column}`;

/** The errors of a wrong use. */
export const saidOf = (complaints: readonly Complaint[], { line }: WrongUse): readonly Complaint[] =>
  complaints.filter((one) => one.module === 'wrong' && one.line === line);

/** Well-typed uses that do not compile, and wrong uses that do not give one error at the mistake. */
export const unexpected = (complaints: readonly Complaint[]): readonly string[] => {
  return [
    ...complaints
      .filter(({ module }) => module !== 'wrong')
      .map((one) => `${wellTyped[one.line - lineOf(0)] ?? positionOf(one)} does not compile: ${one.message}`),
    ...wrongUses.flatMap((use) => {
      const said = saidOf(complaints, use);
      const places = said.map((one) => placeOf(use, one));
      if (said.length === 1 && (places[0] === 'elsewhere') === isExcepted(use)) return [];
      const list = said.map((one, i) => `\n  ${places[i]} (${columnIn(use, one)}): ${one.message}`).join('');
      return [`${use.text} gives ${said.length} errors${list}`];
    }),
  ];
};
