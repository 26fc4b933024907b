import { keyLaws } from './laws/keys.js';
import { checkLaws } from './suite.js';

checkLaws(keyLaws);
