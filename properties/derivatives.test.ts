import { derivativeLaws } from './laws/derivatives.js';
import { checkLaws } from './suite.js';

checkLaws(derivativeLaws);
