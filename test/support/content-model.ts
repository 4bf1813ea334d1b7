/** Content models as DTDs write them, held against a parsed answer: names, order, nesting and number of children. */
import type { Node } from './simulator-client.ts';

/** Element, or `PARENT/ELEMENT` where its model depends on the parent → model. Elements without one are leaves. */
export type ContentModels = Readonly<Record<string, string>>;

/** What breaks the models, in words. */
export function breaches(node: Node, models: ContentModels, parent = ''): string[] {
  const model = models[`${parent}/${node.name}`] ?? models[node.name];
  const names = node.children.map((one) => `${one.name};`).join('');
  const here = (model === undefined ? names === '' : expression(model).test(names))
    ? []
    : [`${parent}/${node.name}: ${names === '' ? 'empty' : names} is not ${model ?? 'a leaf'}`];
  return [...here, ...node.children.flatMap((one) => breaches(one, models, node.name))];
}

function expression(model: string): RegExp {
  return new RegExp(`^${model.replaceAll(/[A-Z][A-Z0-9_]*/g, '(?:$&;)').replaceAll(/[\s,]/g, '')}$`);
}
