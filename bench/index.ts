/**
 * `npm run bench -- NAME`: the measurement with this name. Without a name it is `speed`, and arguments after the name are those
 * of the measurement.
 */
const measurements = new Map<string, () => Promise<unknown>>([
  ['speed', () => import('./speed.js')],
  ['presets', () => import('./presets.js')],
  ['evaluation', () => import('./evaluation.js')],
  ['shards', () => import('./shards.js')],
  ['orders', () => import('./orders/main.js')],
]);

const [first] = process.argv.slice(2);
const hasName = first !== undefined && !first.startsWith('-');
const measure = measurements.get(hasName ? first : 'speed');
if (measure === undefined)
  throw new Error(`bench: expected one of ${[...measurements.keys()].join(', ')}, got ${first}`);
if (hasName) process.argv.splice(2, 1); // the measurement reads its own arguments
await measure();
