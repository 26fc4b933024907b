// A user's first minute: plain Node, the packed tarball in node_modules, no TypeScript and no bundler.
// Type checks cannot see a subpath that fails to load; this can.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

const { exports } = JSON.parse(readFileSync('node_modules/noisefold/package.json', 'utf8'));
const open = Object.keys(exports).filter((subpath) => exports[subpath]?.default !== undefined);

for (const subpath of open) {
  const names = Object.keys(await import(subpath.replace('.', 'noisefold')));
  if (names.length === 0) throw new Error(`${subpath} exports nothing`);
  console.log(`${subpath}: ${names.length} exports`);
}

// the files: a size that an install notices little, no empty module, and a map only where an editor finds its source
{
  const folder = 'node_modules/noisefold';
  const files = readdirSync(folder, { recursive: true }).filter((name) => statSync(join(folder, name)).isFile());
  const bytes = files.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  console.log(`files: ${files.length}, ${(bytes / 1e6).toFixed(2)} MB`);
  if (bytes > 8e6) throw new Error(`the package has ${bytes} bytes, more than 8 MB`);
  if (files.some((name) => name.endsWith('network.bin'))) throw new Error('the package has the network of the page');
  const odd = files.filter((name) => {
    const text = () => readFileSync(join(folder, name), 'utf8');
    if (name.endsWith('.js')) return /^export \{\};\s*$/.test(text());
    const lacks = (source) => !existsSync(join(folder, dirname(name), source));
    return name.endsWith('.map') && (!name.endsWith('.d.ts.map') || JSON.parse(text()).sources.some(lacks));
  });
  if (odd.length > 0) throw new Error(`the package has files that nothing needs: ${odd.join(', ')}`);
}

// what the README leads to, and the pages that npm and readers look for
{
  const folder = 'node_modules/noisefold';
  const links = readFileSync(join(folder, 'README.md'), 'utf8').matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g);
  const pages = ['CHANGELOG.md', 'SECURITY.md', 'LICENSE', ...Array.from(links, ([, link]) => link)];
  const missing = pages.filter((name) => !existsSync(join(folder, name)));
  if (missing.length > 0) throw new Error(`the package lacks ${missing.join(', ')}`);
  console.log(`pages: ${new Set(pages).size}`);
}

const closed = await import('noisefold/internal/fp').catch((error) => error.code);
if (closed !== 'ERR_PACKAGE_PATH_NOT_EXPORTED') throw new Error('noisefold/internal is open');

const { compile, grad, key, normal, program, read, sum, square, using } = await import('noisefold/dsl');
if (JSON.stringify(key(7)) !== JSON.stringify(key(7))) throw new Error('one seed made two keys');

// the gradient of Σ x² at x ~ N(0, 1) is 2·x, on each backend
const twice = program({ key: 'key' }, (given) => {
  const x = normal(5)(given.key);
  return { x, gradient: grad((y) => sum(square(y)))(x) };
});
const rightOf = (result) => {
  if (result._tag === 'Left') throw new Error(result.left.message);
  return result.right;
};
for (const name of ['reference', 'wasm', 'auto']) {
  const { [name]: acquire } = await import(`noisefold/backends/${name}`);
  const run = (backend) => async () => {
    const { run } = rightOf(await compile(twice, {})(backend)());
    const { x, gradient } = rightOf(await run({ key: key(7) })());
    const [xs, gs] = [rightOf(await read(x)(backend)()), rightOf(await read(gradient)(backend)())];
    if (!xs.every((value, i) => gs[i] === 2 * value)) throw new Error(`${name}: a wrong gradient`);
    return { _tag: 'Right', right: xs };
  };
  console.log(`${name}: ${rightOf(await using(acquire())(run)()).join(', ')}`);
}

// the entry without fp-ts
{
  const { errorIn, open: openBackend } = await import('noisefold');
  const { reference } = await import('noisefold/backends/reference');
  const nf = await openBackend(reference());
  const { run: once } = await nf.run(compile(twice, {}));
  const { x } = await nf.run(once({ key: key(7) }));
  console.log(`open: ${(await nf.run(read(x))).join(', ')}`);
  await nf[Symbol.asyncDispose]();
  const error = await nf.run(read(x)).then(() => null, errorIn);
  if (error?.actual !== 'a closed one') throw new Error(`a closed backend runs: ${JSON.stringify(error)}`);
}

// the digit classifier, whose parameters are a file in the package
{
  const { open: openBackend } = await import('noisefold');
  const { wasm } = await import('noisefold/backends/wasm');
  const { digitClassifier, extractFeatures } = await import('noisefold/evaluation');
  const nf = await openBackend(wasm());
  const black = { data: new Float32Array(2 * 784).fill(-1), shape: [2, 28, 28, 1] };
  const { features } = await nf.run(extractFeatures(await nf.run(digitClassifier()), black));
  console.log(`digit classifier: features [${features.shape.join(', ')}]`);
  await nf.close();
}

// a first training, saved and loaded: the samples are the same
{
  const { open: openBackend, unwrap } = await import('noisefold');
  const { wasm } = await import('noisefold/backends/wasm');
  const { cosine, ddim, ddpm } = await import('noisefold/diffusion');
  const { adam, unet } = await import('noisefold/nn');
  const { progress } = await import('noisefold/terminal');
  const { datasetOf, fitInFolder, loadTrained, sample, saveTrained } = await import('noisefold/training');
  const nf = await openBackend(wasm());
  const model = unwrap(unet({ image: [8, 8, 1], base: 8, multipliers: [1], groups: 4, predicts: 'v' }));
  const data = unwrap(datasetOf({ pixels: Uint8Array.from({ length: 8 * 64 }, (_, i) => i % 251), image: [8, 8, 1] }));
  const parts = { model, data, noising: unwrap(ddpm(cosine(100))), optimizer: adam({ learningRate: 1e-3 }) };
  const recipe = { ...parts, batch: 4, steps: 3, key: key(7), onEvent: progress() };
  const trained = await nf.run(fitInFolder(`run-${process.pid}`, recipe));
  const options = { solver: ddim(), grid: 3, count: 2, key: key(8) };
  const samples = await nf.run(sample(trained, options));
  await nf.run(saveTrained('trained.safetensors', trained));
  const loaded = await nf.run(loadTrained('trained.safetensors'));
  const again = await nf.run(sample(loaded, options));
  if (samples.data.some((x, i) => x !== again.data[i])) throw new Error('a loaded model draws something else');
  console.log(`training: samples ${samples.shape}`);
  await nf.close();
}

// the program in package.json
const { status, stdout } = spawnSync('npx', ['noisefold', 'doctor', '--json'], { encoding: 'utf8' });
const { auto, backends } = JSON.parse(stdout);
if (status !== 0 || auto === null) throw new Error(`the doctor finds nothing that works: ${stdout}`);
for (const { backend, works, note } of backends)
  console.log(`doctor: ${backend} ${works ? 'works' : 'does not work'}: ${note}`);

// optional packages are not installed, and the errors say how to install them
if (existsSync('node_modules/@tensorflow')) throw new Error('noisefold has installed tfjs');
const { tfjs } = await import('noisefold/backends/tfjs');
for (const engine of ['cpu', 'wasm', 'webgpu', 'node', 'node-gpu']) {
  const { left } = await tfjs(engine)();
  if (left?._tag !== 'BackendUnavailable' || !left.hint.includes('npm install @tensorflow/tfjs-core'))
    throw new Error(`tfjs ${engine} without its packages: ${JSON.stringify(left)}`);
  console.log(left.message);
}
const { webgpu } = await import('noisefold/backends/webgpu');
const missing = await webgpu()();
if (missing.left?._tag !== 'BackendUnavailable' || !missing.left.hint.includes('npm install webgpu'))
  throw new Error(`webgpu without its peer: ${JSON.stringify(missing)}`);
console.log(missing.left.message);
