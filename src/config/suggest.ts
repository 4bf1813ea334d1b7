export { didYouMean, nearest, oneOf } from '../core/suggest.ts';
