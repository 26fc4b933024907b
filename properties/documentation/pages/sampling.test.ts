import { testPage } from './page.js';

testPage('docs/sampling.md');
