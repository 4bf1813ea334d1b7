import { describe } from 'vitest';
import { ofFamily } from './families.ts';
import { wholeContract } from './whole.ts';

describe.each(ofFamily('assets'))('data set %s', (_, file) => wholeContract(file));
