import { momentLaws } from './laws/moments.js';
import { checkLaws } from './suite.js';

checkLaws(momentLaws);
