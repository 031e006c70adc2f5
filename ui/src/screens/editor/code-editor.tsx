/** The text of a file: colours, completion, help, and what is wrong with it, where it is wrong. */
import {
  acceptCompletion,
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentLess, insertTab } from '@codemirror/commands';
import { bracketMatching, indentOnInput } from '@codemirror/language';
import {
  Annotation,
  Compartment,
  EditorState,
  type Extension,
  RangeSet,
  RangeSetBuilder,
  StateEffect,
  StateField,
} from '@codemirror/state';
import {
  Decoration,
  type DecorationSet,
  drawSelection,
  EditorView,
  GutterMarker,
  gutter,
  highlightActiveLine,
  highlightActiveLineGutter,
  hoverTooltip,
  keymap,
  lineNumbers,
} from '@codemirror/view';
import { useEffect, useRef } from 'react';
import type { Finding } from '../../../../src/server/contract.ts';
import { completions, helpAt, type Known } from './completion.ts';
import { type LanguageName, languageOf } from './languages.ts';

const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? '';

export interface CodeEditorProps {
  /** Another file is another editor. */
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly language: LanguageName;
  readonly label: string;
  readonly readOnly: boolean;
  readonly findings: readonly Finding[];
  readonly known: Known;
  /** A place to go to; another object goes there again. */
  readonly jump: { readonly line: number; readonly column: number } | undefined;
  readonly onCursor: (offset: number) => void;
  readonly onApply: () => void;
}

const rank = { error: 0, warning: 1, lint: 2 } as const;
const words = { error: 'Error', warning: 'Warning', lint: 'Hint' } as const;

const setFindings = StateEffect.define<readonly Finding[]>();

interface Shown {
  readonly marks: DecorationSet;
  readonly gutter: RangeSet<GutterMarker>;
  readonly findings: readonly { readonly from: number; readonly to: number; readonly finding: Finding }[];
}

class Sign extends GutterMarker {
  readonly severity: Finding['severity'];
  readonly text: string;
  constructor(severity: Finding['severity'], text: string) {
    super();
    this.severity = severity;
    this.text = text;
  }
  override eq(other: Sign): boolean {
    return other.severity === this.severity && other.text === this.text;
  }
  override toDOM(): HTMLElement {
    const sign = document.createElement('span');
    sign.className = `config-sign config-sign-${this.severity}`;
    sign.textContent = this.severity === 'lint' ? '•' : '!';
    sign.title = this.text;
    return sign;
  }
}

const findingField = StateField.define<Shown>({
  create: () => ({ marks: Decoration.none, gutter: RangeSet.empty, findings: [] }),
  update(shown, transaction) {
    for (const effect of transaction.effects)
      if (effect.is(setFindings)) return place(transaction.state, effect.value);
    if (!transaction.docChanged) return shown;
    const { changes } = transaction;
    return {
      marks: shown.marks.map(changes),
      gutter: shown.gutter.map(changes),
      findings: shown.findings.map(({ from, to, finding }) => ({
        from: changes.mapPos(from),
        to: changes.mapPos(to),
        finding,
      })),
    };
  },
  provide: (field) => EditorView.decorations.from(field, ({ marks }) => marks),
});

/** Where findings stand; columns count characters, offsets code units. */
function place(state: EditorState, findings: readonly Finding[]): Shown {
  const placed = findings
    .filter(({ line }) => line <= state.doc.lines)
    .map((finding) => {
      const line = state.doc.line(Math.max(1, finding.line));
      const from = Math.min(line.to, line.from + finding.column - 1);
      const to = Math.min(line.to, Math.max(from + 1, from + finding.length));
      return { from: from === to ? line.from : from, to, finding };
    })
    .sort((a, b) => a.from - b.from || rank[a.finding.severity] - rank[b.finding.severity]);
  const marks = new RangeSetBuilder<Decoration>();
  for (const { from, to, finding } of placed)
    if (to > from)
      marks.add(from, to, Decoration.mark({ class: `config-mark config-mark-${finding.severity}` }));
  const signs = new Map<number, { severity: Finding['severity']; texts: string[] }>();
  for (const { from, finding } of placed) {
    const at = state.doc.lineAt(from).from;
    const known = signs.get(at);
    const text = `${words[finding.severity]}: ${finding.message}`;
    if (!known) signs.set(at, { severity: finding.severity, texts: [text] });
    else {
      known.texts.push(text);
      if (rank[finding.severity] < rank[known.severity]) known.severity = finding.severity;
    }
  }
  return {
    marks: marks.finish(),
    gutter: RangeSet.of(
      [...signs].map(([at, { severity, texts }]) => new Sign(severity, texts.join('\n')).range(at)),
    ),
    findings: placed,
  };
}

const findingGutter = gutter({
  class: 'config-signs',
  markers: (view) => view.state.field(findingField).gutter,
  initialSpacer: () => new Sign('error', ''),
});

const findingTooltip = hoverTooltip((view, offset) => {
  const here = view.state
    .field(findingField)
    .findings.filter(({ from, to }) => from <= offset && offset <= to);
  if (here.length === 0) return null;
  return {
    pos: here[0]!.from,
    end: here[0]!.to,
    above: true,
    create: () => {
      const dom = document.createElement('div');
      dom.className = 'config-help';
      for (const { finding } of here) {
        const { severity, message, expected, found, hint } = finding;
        add(dom, 'strong', `${words[severity]}: ${message}`);
        if (expected !== undefined) add(dom, 'p', `Expected: ${expected}`);
        if (found !== undefined) add(dom, 'p', `Found: ${found}`);
        if (hint !== undefined) add(dom, 'p', hint);
      }
      return { dom };
    },
  };
});

function add(parent: HTMLElement, tag: string, text: string): void {
  const child = document.createElement(tag);
  child.textContent = text;
  parent.append(child);
}

/** Tab goes on with the focus, unless the cursor stands in text that is indented. Escape, then Tab, always does. */
let escaped = false;

export default function CodeEditor(props: CodeEditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const editable = useRef(new Compartment());
  const { value, readOnly, findings, jump } = props;

  // biome-ignore lint/correctness/useExhaustiveDependencies: the editor is made once; later changes are dispatched
  useEffect(() => {
    const editor = new EditorView({
      parent: host.current!,
      state: EditorState.create({ doc: value, extensions: extensions(latest, editable.current) }),
    });
    view.current = editor;
    editor.dispatch({ effects: setFindings.of(findings) });
    return () => editor.destroy();
  }, []);

  useEffect(() => {
    const editor = view.current;
    if (!editor) return;
    const change = changeOf(editor.state.doc.toString(), value);
    if (change) editor.dispatch({ changes: change, annotations: fromOutside.of(true) });
  }, [value]);

  useEffect(() => {
    view.current?.dispatch({ effects: setFindings.of(findings) });
  }, [findings]);

  useEffect(() => {
    view.current?.dispatch({ effects: editable.current.reconfigure(readOnlyOf(readOnly)) });
  }, [readOnly]);

  useEffect(() => {
    const editor = view.current;
    if (!editor || !jump) return;
    const line = editor.state.doc.line(Math.min(Math.max(1, jump.line), editor.state.doc.lines));
    const offset = Math.min(line.to, line.from + jump.column - 1);
    editor.dispatch({
      selection: { anchor: offset },
      effects: EditorView.scrollIntoView(offset, { y: 'center' }),
    });
    editor.focus();
  }, [jump]);

  return <div ref={host} className="config-editor" />;
}

/** What a form or a roll-back writes. */
const fromOutside = Annotation.define<boolean>();

/** Only what differs is replaced, so that the cursor stays where it is; undefined: nothing differs. */
function changeOf(before: string, after: string): { from: number; to: number; insert: string } | undefined {
  if (before === after) return undefined;
  const least = Math.min(before.length, after.length);
  let head = 0;
  while (head < least && before[head] === after[head]) head++;
  let tail = 0;
  while (tail < least - head && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  return { from: head, to: before.length - tail, insert: after.slice(head, after.length - tail) };
}

const readOnlyOf = (readOnly: boolean): Extension => [EditorState.readOnly.of(readOnly)];

function extensions(latest: { readonly current: CodeEditorProps }, editable: Compartment): Extension {
  const { language, label, readOnly } = latest.current;
  const isConfig = language === 'logstash';
  return [
    EditorView.cspNonce.of(nonce),
    lineNumbers(),
    findingGutter,
    highlightActiveLineGutter(),
    highlightActiveLine(),
    drawSelection(),
    history(),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    EditorView.lineWrapping,
    languageOf(language),
    editable.of(readOnlyOf(readOnly)),
    findingField,
    findingTooltip,
    ...(isConfig
      ? [
          autocompletion({
            override: [(context) => completions(context, latest.current.known)],
            icons: false,
            tooltipClass: () => 'config-completions',
          }),
          hoverTooltip((editor, offset) => {
            const help = helpAt(editor.state.doc.toString(), offset, latest.current.known);
            return help
              ? { pos: help.from, end: help.to, above: true, create: () => ({ dom: help.dom }) }
              : null;
          }),
        ]
      : []),
    keymap.of([
      {
        key: 'Mod-s',
        run: () => {
          latest.current.onApply();
          return true;
        },
      },
      {
        key: 'Escape',
        run: () => {
          escaped = true;
          return false;
        },
      },
      {
        key: 'Tab',
        run: (editor) => {
          if (acceptCompletion(editor)) return true;
          if (escaped || editor.state.readOnly) return false;
          return insertTab(editor);
        },
        shift: (editor) => (escaped || editor.state.readOnly ? false : indentLess(editor)),
      },
      ...closeBracketsKeymap,
      ...completionKeymap,
      ...historyKeymap,
      ...defaultKeymap,
    ]),
    EditorView.contentAttributes.of({
      'aria-label': `${label}. Escape, then Tab, leaves the editor.`,
      spellcheck: 'false',
      // It scrolls: reached by keyboard, also for those who look for an explicit tab stop.
      tabindex: '0',
      autocapitalize: 'off',
    }),
    EditorView.domEventHandlers({
      blur: () => {
        escaped = false;
      },
      keydown: (event) => {
        if (!['Escape', 'Tab', 'Shift'].includes(event.key)) escaped = false;
        return false;
      },
    }),
    EditorView.updateListener.of(({ docChanged, selectionSet, state, transactions }) => {
      if (transactions.some((one) => one.annotation(fromOutside))) return;
      if (docChanged) latest.current.onChange(state.doc.toString());
      const typed = transactions.some((one) => one.docChanged || one.selection);
      if (typed && (docChanged || selectionSet)) latest.current.onCursor(state.selection.main.head);
    }),
  ];
}
