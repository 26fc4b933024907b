/** `messages.md`: a sample of the errors of both compilers, in both forms. */
import { FORMS } from './call.js';
import type { Complaint } from './compilers.js';
import { columnIn, saidOf, type WrongUse, wrongUses } from './operations.js';
import type { Kind } from './usage.js';

interface Sample {
  readonly name: string;
  readonly kind: Kind;
  /** The mistake, in words. */
  readonly title: string;
}

const SAMPLES: readonly Sample[] = [
  { name: 'sub', kind: 'dim', title: 'two operands of different shapes' },
  { name: 'div', kind: 'dtype', title: 'two operands of different dtypes' },
  { name: 'exp', kind: 'dtype', title: 'a dtype that the operation does not take' },
  { name: 'where', kind: 'rank', title: 'two branches of different rank' },
  { name: 'matmul', kind: 'dim', title: 'matrices that do not fit' },
  { name: 'einsum', kind: 'dim', title: 'a letter with two extents' },
  { name: 'conv2d', kind: 'dim', title: 'channels that do not fit the kernel' },
  { name: 'addPerSample', kind: 'dim', title: 'an embedding of another length' },
  { name: 'groupNorm', kind: 'dim', title: 'parameters that do not fit each other' },
  { name: 'concat', kind: 'dim', title: 'another height' },
  { name: 'averagePool', kind: 'dim', title: 'an odd width, which has no half' },
  { name: 'cumsum', kind: 'rank', title: 'an axis that does not exist' },
  { name: 'topK', kind: 'dim', title: 'an extent that is invalid' },
  { name: 'normal', kind: 'rank', title: 'several keys, where one is needed' },
];

/** The samples for which the messages of both compilers are shown. */
const BOTH = 'sub';

const messageOf = (said: readonly Complaint[]): string => said.map(({ message }) => message).join('\n');

/** The line of a use, and a mark under its error. */
const marked = (use: WrongUse, said: readonly Complaint[]): string => {
  const marks = said.map((one) => [columnIn(use, one), one.length ?? 1] as const);
  const under = Array.from(use.text, (_, i) =>
    marks.some(([from, count]) => from <= i && i < from + count) ? '~' : ' ',
  ).join('');
  return `${use.text}\n${under.trimEnd()}`;
};

const formsOf = ({ name, kind }: Sample): readonly WrongUse[] =>
  FORMS.flatMap((form) => wrongUses.find((use) => use.name === name && use.kind === kind && use.form === form) ?? []);

const section = (sample: Sample, six: readonly Complaint[], seven: readonly Complaint[]): string => {
  const uses = formsOf(sample).map((use) => {
    const said = saidOf(six, use);
    const other = sample.name === BOTH ? `\n\nTypeScript 7:\n${messageOf(saidOf(seven, use))}` : '';
    return `${marked(use, said)}\n${messageOf(said)}${other}`;
  });
  return `\n## ${sample.name}: ${sample.title}\n\n\`\`\`text\n${uses.join('\n\n')}\n\`\`\`\n`;
};

/** The page, from the errors of TypeScript 6 and 7. */
export const messagesPage = (six: readonly Complaint[], seven: readonly Complaint[]): string =>
  [
    `# Type errors of wrong uses

A sample of the type tests: \`npm run messages\` writes it, and a test compares it. Each operation has one mistake, in its
data-first form and in a pipe. TypeScript 6 and 7 give one error at the same place; the messages are those of TypeScript 6,
and for \`${BOTH}\` those of both.
`,
    ...SAMPLES.map((sample) => section(sample, six, seven)),
  ].join('');
