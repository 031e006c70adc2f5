/** Functions: the filter's code, methods, lambdas and blocks, with Ruby's parameters. */
import { expression } from './expressions.ts';
import { type Generation, kindOf, localName, type Node, Scope } from './scope.ts';
import { assignTarget, begin, statements } from './statements.ts';

/** Compiles a function in a scope of its own. `params` writes the parameter list and what the body begins with. */
export function functionOf(
  g: Generation,
  kind: Scope['kind'],
  node: { readonly locals: readonly string[]; readonly location: { startOffset: number } },
  body: Node | null,
  params: (scope: Scope) => { list: string; start: string },
  target: 'void' | 'return' = 'return',
): { text: string; scope: Scope } {
  const scope = new Scope(kind, g.scope, `F${g.counter++}`, node.location.startOffset);
  const outer = g.scope;
  g.scope = scope;
  for (const name of node.locals) scope.locals.set(name, localName(name));
  const { list, start } = params(scope);
  const firstTemporary = g.counter;
  const written =
    body !== null && kindOf(body) === 'BeginNode' ? begin(g, body, target) : statements(g, body, target);
  g.scope = outer;
  const given = new Set(list.match(/[\w$]+/g) ?? []);
  const names = [...scope.locals.values()].filter((name) => !given.has(name)).map((name) => `${name} = null`);
  const used = new Set(`${start}${written}`.match(/\bt\d+\b/g) ?? []);
  for (const name of used)
    if (Number(name.slice(1)) >= firstTemporary || start.includes(name)) names.push(name);
  const declared = names.length > 0 ? `let ${[...new Set(names)].join(', ')};\n` : '';
  let inner = `${declared}${start}${written}`;
  if (target === 'void') inner += 'return null;\n';
  if (scope.returnsThrough)
    inner = `const ${scope.frame} = {};\ntry {\n${inner}} catch (e) {\nif (e instanceof Leave && e.frame === ${scope.frame}) return e.value;\nthrow e;\n}\n`;
  return { text: `(${list}) => {\n${inner}}`, scope };
}

interface Parameters {
  readonly list: string;
  readonly start: string;
  /** See RProc.count, RProc.arity. */
  readonly count: number;
  readonly arity: number;
}

/** Ruby's parameters as JavaScript's; a parameter left out is nil. */
function parametersOf(g: Generation, node: Node | null, isProc: boolean): Parameters {
  if (node === null) return { list: '', start: '', count: 1, arity: 0 };
  if (node.keywords.length > 0 || node.keywordRest !== null) g.fail(node, 'keyword parameters');
  const requireds = node.requireds as Node[];
  const optionals = node.optionals as Node[];
  const posts = node.posts as Node[];
  if (posts.length > 0) g.fail(node, 'parameters behind a splat');
  const names: string[] = [];
  let start = '';
  for (const each of requireds) {
    if (kindOf(each) === 'MultiTargetNode') {
      const given = `p${g.counter++}`;
      names.push(`${given} = null`);
      start += `${assignTarget(g, each, given)};\n`;
    } else names.push(`${localName(each.name)} = null`);
  }
  for (const each of optionals) names.push(`${localName(each.name)} = ${expression(g, each.value)}`);
  const rest = node.rest;
  let hasRest = false;
  if (rest !== null && kindOf(rest) === 'RestParameterNode') {
    hasRest = true;
    names.push(`...${rest.name === null ? 'rest' : localName(rest.name)}`);
  }
  const implicit = rest !== null && kindOf(rest) === 'ImplicitRestNode';
  const fixed = requireds.length + optionals.length;
  // A proc's optional parameters do not count.
  const open = (optionals.length > 0 && !isProc) || hasRest;
  return {
    list: names.join(', '),
    start,
    count: fixed === 0 ? 1 : fixed + (hasRest || implicit ? 1 : 0),
    arity: open ? -requireds.length - 1 : requireds.length,
  };
}

/**
 * A block or lambda literal as `new RProc(…)`; `breaks` tells that it may leave the call it is given to. With target
 * void nobody looks at what it answers.
 */
export function blockOf(
  g: Generation,
  node: Node,
  lambda: boolean,
  target: 'void' | 'return' = 'return',
): { text: string; breaks: string | undefined } {
  const params = node.parameters;
  let count = 1;
  let arity = 0;
  const kind = params === null ? '' : kindOf(params);
  const { text, scope } = functionOf(
    g,
    lambda ? 'lambda' : 'block',
    node,
    node.body,
    (own) => {
      if (params === null) return { list: '', start: '' };
      if (kind === 'NumberedParametersNode') {
        count = params.maximum;
        arity = params.maximum;
        const names = Array.from({ length: params.maximum }, (_, index) => `_${index + 1}`);
        for (const name of names) own.locals.set(name, localName(name));
        return { list: names.map((name) => `${localName(name)} = null`).join(', '), start: '' };
      }
      if (kind === 'ItParametersNode') {
        arity = 1;
        own.locals.set('it', 'l_it');
        return { list: 'l_it = null', start: '' };
      }
      const inner = params.parameters;
      if (inner !== null && inner.block !== null) g.fail(params, 'a block parameter of a block');
      const made = parametersOf(g, inner, !lambda);
      count = made.count;
      arity = made.arity;
      return made;
    },
    target,
  );
  const frame = scope.breaks ? scope.frame : undefined;
  return { text: `new RProc(${text}, ${count}, ${lambda}, ${arity})`, breaks: frame };
}

/** `def` as an entry of the program's methods. */
export function method(g: Generation, node: Node, isFilter: boolean): string {
  if (node.receiver !== null) g.fail(node, 'a method of an object');
  const params = node.parameters;
  const { text } = functionOf(g, 'def', node, node.body, (scope) => {
    scope.block = 'block';
    if (params?.block) {
      if (params.block.name === null) g.fail(node, 'an anonymous block parameter');
      scope.locals.set(params.block.name, 'block');
    }
    const first = params?.requireds[0];
    if (isFilter && first && kindOf(first) === 'RequiredParameterNode') scope.event = first.name;
    const made = parametersOf(g, params, false);
    return { list: made.list === '' ? 'block' : `block, ${made.list}`, start: made.start };
  });
  const open = params !== null && (params.optionals.length > 0 || params.rest !== null);
  const least = params === null ? 0 : params.requireds.length;
  const most = params?.rest ? 99 : least + (params?.optionals.length ?? 0);
  return `U[${JSON.stringify(node.name)}] = { min: ${least}, max: ${open ? most : least}, fn: ${text} }`;
}
