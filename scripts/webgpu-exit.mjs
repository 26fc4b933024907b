// A program on WebGPU that leaves its backend open ends by itself, as any other: nothing of Dawn keeps Node alive.
// CI gives it a minute. Needs `npm run build`.
import { compile, matmul, program, read } from 'noisefold/dsl';
import { webgpu } from 'noisefold/backends/webgpu';

const acquired = await webgpu()();
if (acquired._tag === 'Left') {
  console.log(`== SKIPPED: ${acquired.left.message}`);
  process.exit(77); // the code for skipped, for .ci/run
}
const rightOf = (result) => {
  if (result._tag === 'Left') throw new Error(result.left.message);
  return result.right;
};
const backend = acquired.right;
const square = program({ x: '2 2' }, ({ x }) => matmul(x, x));
const { run } = rightOf(await compile(square, {})(backend)());
const y = rightOf(await run({ x: Float32Array.of(1, 1, 0, 1) })());
const numbers = [...rightOf(await read(y)(backend)())];
console.log(numbers.join(', '));
if (numbers.join() !== '1,2,0,1') process.exitCode = 1;
