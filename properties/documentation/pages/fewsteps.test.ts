import { testPage } from './page.js';

testPage('docs/fewsteps.md');
