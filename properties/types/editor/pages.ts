/** Pages of the messages and signatures that an editor shows. */
import { editorOf } from '../operations/compilers.js';
import { messageOf } from '../operations/typescript.js';
import { type Mistake, mistakes } from './mistakes.js';
import { NETWORK } from './network.js';
import type { Help } from './signatures.js';

/** An error, and its range in the text. */
interface Fault {
  readonly from: number;
  readonly to: number;
  readonly message: string;
}

/** A mistake and its errors, in the order of their places. */
interface Judged {
  readonly mistake: Mistake;
  readonly errors: readonly Fault[];
}

/** The errors of the network, and of each mistake in it, as an editor finds them. */
export const judged6 = (): { readonly network: readonly Fault[]; readonly all: readonly Judged[] } => {
  const nameOf = (i: number): string => `mistake${i}`;
  const { service, pathOf } = editorOf({
    network: NETWORK,
    ...Object.fromEntries(mistakes.map(({ text }, i) => [nameOf(i), text])),
  });
  const errorsOf = (module: string): readonly Fault[] =>
    service
      .getSemanticDiagnostics(pathOf(module))
      .map((error) => {
        const { start = 0, length = 0 } = error;
        return { from: start, to: start + length, message: messageOf(error) };
      })
      .sort((a, b) => a.from - b.from);
  const all = mistakes.map((mistake, i) => ({ mistake, errors: errorsOf(nameOf(i)) }));
  return { network: errorsOf('network'), all };
};

const isAt = ({ mark: [from, to] }: Mistake, error: Fault): boolean => from <= error.from && error.from < to;

/** The number of errors of a mistake, and the place of the first. */
const verdict = ({ mistake, errors }: Judged): string => {
  const [first] = errors;
  if (first === undefined) return 'no error';
  const count = `${errors.length} error${errors.length === 1 ? '' : 's'}`;
  return `${count}, the first ${isAt(mistake, first) ? 'at the mistake' : 'elsewhere'}`;
};

const EXPECTED = '1 error, the first at the mistake';

/** The mistakes that do not have one error at their place, each with what they have. */
export const pendingMistakes = (all: readonly Judged[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    all.flatMap((one) => (verdict(one) === EXPECTED ? [] : [[one.mistake.title, verdict(one)] as const])),
  );

/** The line of an error, and a mark under its range. */
const marked = (text: string, { from, to }: Fault): string => {
  const start = text.lastIndexOf('\n', from) + 1;
  const [line] = text.slice(start).split('\n') as [string];
  const indent = line.length - line.trimStart().length;
  const length = Math.min(to - from, line.length - (from - start));
  return `${line.trim()}\n${' '.repeat(from - start - indent)}${'~'.repeat(length)}`;
};

const section = (one: Judged): string => {
  const { mistake, errors } = one;
  const [first, ...others] = errors;
  const texts = first === undefined ? [] : [marked(mistake.text, first), first.message];
  const more = others.map((error) => `also: ${mistake.text.slice(error.from, error.to).split('\n')[0]!}`);
  return `\n## ${mistake.title}\n\n${verdict(one)}\n\n\`\`\`text\n${[...texts, ...more].join('\n')}\n\`\`\`\n`;
};

/** `dit.md`: the first message of each mistake, and the places of the others. */
export const mistakesPage = (all: readonly Judged[]): string =>
  [
    `# Mistakes in a transformer

What an editor with TypeScript 6 says about typical mistakes in the network of \`network.ts\`: \`npm run messages\` writes this
page, and a test compares it. The messages are those of the first error.
`,
    ...all.map(section),
  ].join('');

/** `signatures.md`: the overload that an editor shows first for each call. */
export const signaturesPage = (calls: readonly Help[]): string =>
  `# Signatures that an editor shows

The overload that TypeScript 6 shows first while a call is written: \`npm run messages\` writes this page, and a test compares it.

\`\`\`text
${calls.map(({ call, shown, overloads, text }) => `${call}…  overload ${shown} of ${overloads}\n  ${text}`).join('\n')}
\`\`\`
`;
