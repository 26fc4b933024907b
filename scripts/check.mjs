/** Runs every step of `npm run check`, also after one that failed, and lists those that failed. */
import { spawnSync } from 'node:child_process';

const steps = ['lint', 'primitives', 'elegance', 'build', 'test:types', 'test', 'package'];
const failed = steps.filter((step) => {
  console.log(`\n== ${step}`);
  return (
    spawnSync('npm', ['run', '--silent', step], { stdio: 'inherit', shell: process.platform === 'win32' }).status !== 0
  );
});
console.log(failed.length === 0 ? '\nEvery step passed' : `\nFailed: ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;
