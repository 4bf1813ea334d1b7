/**
 * Regular expressions that always end in time. A pattern becomes a list of instructions, and a text is read once while
 * all places of the pattern where the match may stand are kept as a set (Thompson 1968). The cost of a text is at most its
 * length times the size of the pattern; nothing is tried twice, so there is no pattern and no text that hangs.
 *
 * What that takes away: references back (`\1`) and looking ahead or behind. What is there: literals, `.` (any but a line
 * feed), classes `[a-z]`, `\d \w \s` and their opposites, `\t \n \r \xHH \uHHHH`, groups `( )` and `(?: )`, `|`, `* + ?
 * {n,m}`, `^`, `$` (start and end of the text), `\b \B`, and `(?i)` in front: letters of either case.
 */

/** Whether the text holds a match. */
export type Pattern = (text: string) => boolean;

type Test = (point: number) => boolean;
type Assertion = 'start' | 'end' | 'word' | 'no_word';

type Node =
  | { readonly kind: 'one'; readonly test: Test }
  | { readonly kind: 'assert'; readonly what: Assertion }
  | { readonly kind: 'sequence'; readonly parts: readonly Node[] }
  | { readonly kind: 'either'; readonly parts: readonly Node[] }
  | { readonly kind: 'repeat'; readonly node: Node; readonly min: number; readonly max: number };

type Instruction =
  | { readonly kind: 'one'; readonly test: Test }
  | { readonly kind: 'assert'; readonly what: Assertion }
  | { readonly kind: 'split'; first: number; second: number }
  | { readonly kind: 'match' };

type Split = Extract<Instruction, { kind: 'split' }>;

/** With repetitions written out. */
const LARGEST = 5000;
const DEEPEST = 100;

/** Compiles a pattern. Throws a plain `Error` that says what is wrong, and at which character. */
export function compilePattern(source: string): Pattern {
  const ignoreCase = source.startsWith('(?i)');
  const program = programOf(parse([...(ignoreCase ? source.slice(4) : source)], ignoreCase));
  return (text) => run(program, text);
}

function parse(letters: readonly string[], ignoreCase: boolean): Node {
  let at = 0;
  let depth = 0;
  const fail = (what: string): never => {
    throw new Error(`${what} (character ${at + 1})`);
  };
  const take = (letter: string): boolean => {
    if (letters[at] !== letter) return false;
    at++;
    return true;
  };

  function either(): Node {
    if (++depth > DEEPEST) fail('groups are nested too deep');
    const parts = [sequence()];
    while (take('|')) parts.push(sequence());
    depth--;
    return parts.length === 1 ? parts[0]! : { kind: 'either', parts };
  }

  function sequence(): Node {
    const parts: Node[] = [];
    while (at < letters.length && letters[at] !== '|' && letters[at] !== ')') parts.push(repeated(atom()));
    return { kind: 'sequence', parts };
  }

  function repeated(node: Node): Node {
    const bounds = quantifier();
    if (bounds === undefined) return node;
    if (node.kind === 'assert') fail('nothing to repeat');
    take('?'); // Greedy or not, a match is a match.
    if (quantifier() !== undefined) fail('a repetition of a repetition; put ( ) around the first');
    return { kind: 'repeat', node, ...bounds };
  }

  function quantifier(): { min: number; max: number } | undefined {
    if (take('*')) return { min: 0, max: Number.POSITIVE_INFINITY };
    if (take('+')) return { min: 1, max: Number.POSITIVE_INFINITY };
    if (take('?')) return { min: 0, max: 1 };
    const [whole, min, comma, max] = /^\{(\d+)(,?)(\d*)\}/.exec(letters.slice(at, at + 16).join('')) ?? [];
    if (whole === undefined) return undefined;
    const bounds = {
      min: Number(min),
      max: comma === '' ? Number(min) : max === '' ? Number.POSITIVE_INFINITY : Number(max),
    };
    if (bounds.max < bounds.min) fail('the numbers of { } are out of order');
    at += whole.length;
    return bounds;
  }

  function atom(): Node {
    const letter = letters[at++]!;
    if (letter === '(') return group();
    if (letter === '[') return one(charClass());
    if (letter === '.') return one((point) => point !== 10);
    if (letter === '^') return { kind: 'assert', what: 'start' };
    if (letter === '$') return { kind: 'assert', what: 'end' };
    if (letter === '\\') return escaped();
    if ('*+?'.includes(letter)) {
      at--;
      fail('nothing to repeat');
    }
    return literal(letter.codePointAt(0)!);
  }

  function group(): Node {
    if (take('?') && !take(':')) fail('groups are ( ) or (?: ); nothing else may follow (?');
    const node = either();
    if (!take(')')) fail('a group is not closed');
    return node;
  }

  function escaped(): Node {
    if (take('b')) return { kind: 'assert', what: 'word' };
    if (take('B')) return { kind: 'assert', what: 'no_word' };
    const set = letters[at] === undefined ? undefined : SETS[letters[at]!];
    if (set !== undefined) {
      at++;
      return one(set);
    }
    return literal(escapedPoint());
  }

  function escapedPoint(): number {
    const letter = letters[at++] ?? fail('a backslash at the end');
    const digits = letter === 'x' ? 2 : letter === 'u' ? 4 : 0;
    if (digits > 0) {
      const text = letters.slice(at, at + digits).join('');
      if (!new RegExp(`^[0-9a-fA-F]{${digits}}$`).test(text)) fail(`expected ${digits} hexadecimal digits`);
      at += digits;
      return Number.parseInt(text, 16);
    }
    const control = { t: 9, n: 10, r: 13, f: 12, v: 11 }[letter];
    if (control !== undefined) return control;
    if (/[0-9a-zA-Z]/.test(letter)) {
      at--;
      fail(`\\${letter} is not known here`);
    }
    return letter.codePointAt(0)!;
  }

  function charClass(): Test {
    const negated = take('^');
    const tests: Test[] = [];
    while (!take(']')) {
      if (at >= letters.length) fail('a class is not closed');
      const set = letters[at] === '\\' ? SETS[letters[at + 1] ?? ''] : undefined;
      if (set !== undefined) {
        at += 2;
        tests.push(set);
        continue;
      }
      const from = classPoint();
      if (letters[at] !== '-' || letters[at + 1] === ']') tests.push((point) => point === from);
      else {
        at++;
        const to = classPoint();
        if (to < from) fail('a range is out of order');
        tests.push((point) => point >= from && point <= to);
      }
    }
    const within: Test = (point) => tests.some((test) => test(point));
    const either = ignoreCase ? anyCase(within) : within;
    return negated ? (point) => !either(point) : either;
  }

  function classPoint(): number {
    if (take('\\')) return escapedPoint();
    return (letters[at++] ?? fail('a class is not closed')).codePointAt(0)!;
  }

  const literal = (wanted: number): Node =>
    one(ignoreCase ? anyCase((point) => point === wanted) : (point) => point === wanted);
  const node = either();
  if (at < letters.length) fail('a ) that closes nothing');
  return node;
}

const one = (test: Test): Node => ({ kind: 'one', test });

const anyCase =
  (test: Test): Test =>
  (point) => {
    if (test(point)) return true;
    const letter = String.fromCodePoint(point);
    return test(letter.toLowerCase().codePointAt(0)!) || test(letter.toUpperCase().codePointAt(0)!);
  };

const isDigit: Test = (point) => point >= 48 && point <= 57;
const isWord: Test = (point) =>
  isDigit(point) || (point >= 65 && point <= 90) || (point >= 97 && point <= 122) || point === 95;
const isSpace: Test = (point) => /\s/.test(String.fromCodePoint(point));

const SETS: Readonly<Record<string, Test>> = {
  d: isDigit,
  w: isWord,
  s: isSpace,
  D: (point) => !isDigit(point),
  W: (point) => !isWord(point),
  S: (point) => !isSpace(point),
};

function programOf(node: Node): readonly Instruction[] {
  const program: Instruction[] = [];
  const add = (instruction: Instruction): number => {
    if (program.length >= LARGEST) throw new Error('the pattern is too large once its repetitions are written out');
    return program.push(instruction) - 1;
  };
  const split = (): Split => {
    const made = { kind: 'split' as const, first: program.length + 1, second: program.length + 1 };
    add(made);
    return made;
  };
  function write(part: Node): void {
    if (part.kind === 'one' || part.kind === 'assert') add(part);
    else if (part.kind === 'sequence') for (const one of part.parts) write(one);
    else if (part.kind === 'either') writeEither(part.parts);
    else {
      for (let i = 0; i < part.min; i++) write(part.node);
      if (part.max === Number.POSITIVE_INFINITY) {
        const from = program.length;
        const loop = split();
        write(part.node);
        split().first = from;
        loop.second = program.length;
      } else {
        const skips = [];
        for (let i = part.min; i < part.max; i++) {
          skips.push(split());
          write(part.node);
        }
        for (const skip of skips) skip.second = program.length;
      }
    }
  }
  function writeEither(parts: readonly Node[]): void {
    const ends: Split[] = [];
    parts.forEach((part, i) => {
      const last = i === parts.length - 1;
      const choice = last ? undefined : split();
      write(part);
      if (choice === undefined) return;
      ends.push(split());
      choice.second = program.length;
    });
    for (const end of ends) {
      end.first = program.length;
      end.second = program.length;
    }
  }
  write(node);
  add({ kind: 'match' });
  return program;
}

function run(program: readonly Instruction[], text: string): boolean {
  let now: number[] = [];
  let next: number[] = [];
  // Each place stands in a set once: `seen` holds for which set it was added last.
  const seen = new Int32Array(program.length).fill(-1);
  let set = 0;
  let matched = false;
  const stack: number[] = [];

  function enter(into: number[], start: number, before: number, after: number): void {
    stack.push(start);
    while (stack.length > 0) {
      const place = stack.pop()!;
      if (seen[place] === set) continue;
      seen[place] = set;
      const instruction = program[place]!;
      if (instruction.kind === 'match') matched = true;
      else if (instruction.kind === 'one') into.push(place);
      else if (instruction.kind === 'split') stack.push(instruction.second, instruction.first);
      else if (holds(instruction.what, before, after)) stack.push(place + 1);
    }
  }

  let before = -1;
  let at = 0;
  let point = text.codePointAt(0) ?? -1;
  enter(now, 0, before, point);
  while (!matched && point >= 0) {
    at += point > 0xffff ? 2 : 1;
    const after = text.codePointAt(at) ?? -1;
    set++;
    next.length = 0;
    for (const place of now) {
      const instruction = program[place]!;
      if (instruction.kind === 'one' && instruction.test(point)) enter(next, place + 1, point, after);
    }
    // A match may begin anywhere.
    enter(next, 0, point, after);
    [now, next] = [next, now];
    before = point;
    point = after;
  }
  return matched;
}

function holds(what: Assertion, before: number, after: number): boolean {
  if (what === 'start') return before < 0;
  if (what === 'end') return after < 0;
  const edge = (before >= 0 && isWord(before)) !== (after >= 0 && isWord(after));
  return what === 'word' ? edge : !edge;
}
