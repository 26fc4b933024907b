/** A program that draws the samples of the tests by a queue, and prints its error; it ends by itself. */
import { isLeft } from '../../src/index.js';
import { queue, sampleShards } from '../../src/shards/index.js';
import { drawing } from './drawing.js';

const [url = '', name = '', folder = '', checkpoint = '', patience = ''] = process.argv.slice(2);
const engine = queue({ url, name, patience: Number(patience) });
const onShard = (done: number): void => console.log(`${done} are done`);
const result = await sampleShards({ ...drawing, engine, folder, checkpoint, size: 2, onShard })();
if (isLeft(result)) console.log(`${result.left._tag}: ${result.left.message}`);
