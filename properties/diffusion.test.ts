import { boundLaws } from './laws/bounds.js';
import { channelLaws } from './laws/channels.js';
import { noisingLaws } from './laws/noisings.js';
import { scheduleLaws } from './laws/schedules.js';
import { checkLaws } from './suite.js';

checkLaws([...channelLaws, ...noisingLaws, ...scheduleLaws, ...boundLaws]);
