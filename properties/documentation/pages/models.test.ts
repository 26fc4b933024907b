import { testPage } from './page.js';

testPage('docs/models.md');
