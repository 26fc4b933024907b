/** `npm run demo`: learns to draw digits in minutes. */
import { runCommandLine } from './commandLine.js';

await runCommandLine(process.argv.slice(2));
