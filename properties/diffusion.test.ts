import { boundLaws } from './laws/bounds.js';
import { channelLaws } from './laws/channels.js';
import { processLaws } from './laws/processes.js';
import { scheduleLaws } from './laws/schedules.js';
import { checkLaws } from './suite.js';

checkLaws([...channelLaws, ...processLaws, ...scheduleLaws, ...boundLaws]);
