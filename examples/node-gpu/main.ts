/**
 * `npm run example:node-gpu`: trains and samples on the GPU, from Node. This is the program of the demo, with its options and
 * another backend.
 */
import { either as E } from 'fp-ts';
import { runCommandLine } from '../mnist/commandLine.js';
import { gpu } from './gpu.js';

const argv = process.argv.slice(2);
const isChosen = argv.some((word) => /^--(backend|help|resume)(=|$)/.test(word)); // a resumed run keeps its backend

const flags = isChosen ? E.right([]) : await gpu();
if (E.isRight(flags)) await runCommandLine([...flags.right, ...argv]);
else {
  console.error(`${flags.left._tag}: ${flags.left.message}`);
  process.exitCode = 1;
}
