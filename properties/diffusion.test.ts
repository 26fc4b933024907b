import { boundLaws } from './laws/bounds/bounds.js';
import { channelLaws } from './laws/channels.js';
import { noisingLaws } from './laws/noisings.js';
import { pathLaws } from './laws/paths.js';
import { scheduleLaws } from './laws/schedules.js';
import { checkLaws } from './suite.js';

checkLaws([...channelLaws, ...noisingLaws, ...pathLaws, ...scheduleLaws, ...boundLaws]);
