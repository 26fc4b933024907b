import { channelLaws } from './laws/channels.js';
import { processLaws } from './laws/processes.js';
import { checkLaws } from './suite.js';

checkLaws([...channelLaws, ...processLaws]);
