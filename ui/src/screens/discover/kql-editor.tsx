/** The query bar's editor: colours, completion from the server, and the place of an error underlined. */
import {
  acceptCompletion,
  autocompletion,
  type CompletionContext,
  type CompletionResult,
  completionKeymap,
  completionStatus,
  startCompletion,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { EditorState, StateEffect, StateField } from '@codemirror/state';
import {
  Decoration,
  type DecorationSet,
  EditorView,
  keymap,
  placeholder as placeholderOf,
} from '@codemirror/view';
import { useEffect, useRef } from 'react';
import { call } from '../../lib/api.ts';
import type { KqlInputProps } from './kql-bar.tsx';
import { kqlLanguage } from './kql-language.ts';

const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? '';

const setProblem = StateEffect.define<number | undefined>();
const problemField = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(shown, transaction) {
    let next = transaction.docChanged ? Decoration.none : shown;
    for (const effect of transaction.effects)
      if (effect.is(setProblem)) next = underline(transaction.state, effect.value);
    return next;
  },
  provide: (field) => EditorView.decorations.from(field),
});

function underline(state: EditorState, position: number | undefined): DecorationSet {
  const { length } = state.doc;
  if (position === undefined || length === 0) return Decoration.none;
  const from = Math.max(0, Math.min(position, length - 1));
  const rest = /^[\w.@-]+/.exec(state.sliceDoc(from, from + 100));
  const to = Math.min(length, from + Math.max(1, rest?.[0].length ?? 1));
  return Decoration.set(Decoration.mark({ class: 'kql-problem' }).range(from, to));
}

export default function KqlEditor({
  value,
  onChange,
  onSubmit,
  scope,
  problem,
  label,
  placeholder,
  focusOnMount,
}: KqlInputProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const latest = useRef({ onChange, onSubmit, scope });
  latest.current = { onChange, onSubmit, scope };

  // biome-ignore lint/correctness/useExhaustiveDependencies: the editor is made once; later changes are dispatched
  useEffect(() => {
    const editor = new EditorView({
      parent: host.current!,
      state: EditorState.create({
        doc: value,
        selection: { anchor: value.length },
        extensions: [
          EditorView.cspNonce.of(nonce),
          kqlLanguage,
          history(),
          autocompletion({
            override: [(context) => completions(context, latest.current.scope)],
            icons: false,
            activateOnTyping: true,
            selectOnOpen: false,
            interactionDelay: 0,
            tooltipClass: () => 'kql-completions',
          }),
          keymap.of([
            {
              key: 'Enter',
              run: (target) => {
                if (completionStatus(target.state) === 'active' && acceptCompletion(target)) return true;
                latest.current.onSubmit(target.state.doc.toString());
                return true;
              },
            },
            { key: 'Tab', run: acceptCompletion },
            ...completionKeymap,
            ...historyKeymap,
            ...defaultKeymap,
          ]),
          problemField,
          colons,
          placeholderOf(placeholder),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({
            'aria-label': label,
            // What scrolls must be within reach of the keyboard, and is known to be by this only.
            tabindex: '0',
            spellcheck: 'false',
            autocapitalize: 'off',
          }),
          EditorView.updateListener.of(({ docChanged, state, transactions }) => {
            if (!docChanged) return;
            latest.current.onChange(state.doc.toString());
            const picked = transactions.some((one) => one.isUserEvent('input.complete'));
            // Behind a field come operators, behind those values: nobody has to ask for them.
            if (picked) setTimeout(() => startCompletion(editor), 0);
          }),
        ],
      }),
    });
    view.current = editor;
    if (focusOnMount) editor.focus();
    return () => editor.destroy();
  }, []);

  useEffect(() => {
    const editor = view.current;
    if (!editor || editor.state.doc.toString() === value) return;
    editor.dispatch({
      changes: { from: 0, to: editor.state.doc.length, insert: value },
      selection: { anchor: value.length },
    });
  }, [value]);

  useEffect(() => {
    view.current?.dispatch({ effects: setProblem.of(problem) });
  }, [problem]);

  return <div ref={host} className="kql-host" />;
}

/** Puts a space behind, where something follows, and takes the one before a colon away. */
function insert(view: EditorView, text: string, kind: string, from: number, to: number): void {
  const start = kind === 'operator' && text.startsWith(':') ? closeUp(view.state, from) : from;
  const inserted = text.endsWith('/') ? text : `${text} `;
  view.dispatch({
    changes: { from: start, to, insert: inserted },
    selection: { anchor: start + inserted.length },
    userEvent: 'input.complete',
  });
}

const closeUp = (state: EditorState, at: number): number =>
  at > 0 && state.sliceDoc(at - 1, at) === ' ' ? at - 1 : at;

/** A colon that is typed behind a completed field name stands right behind it. */
const colons = EditorView.inputHandler.of((view, from, to, text) => {
  if (text !== ':' || from !== to || !/[\w.@-] $/.test(view.state.sliceDoc(Math.max(0, from - 2), from)))
    return false;
  const start = closeUp(view.state, from);
  view.dispatch({
    changes: { from: start, to, insert: ':' },
    selection: { anchor: start + 1 },
    userEvent: 'input.type',
  });
  return true;
});

async function completions(
  context: CompletionContext,
  scope: KqlInputProps['scope'],
): Promise<CompletionResult | null> {
  const query = context.state.doc.toString();
  const controller = new AbortController();
  context.addEventListener('abort', () => controller.abort());
  // One question while somebody types fast.
  await new Promise((resolve) => setTimeout(resolve, context.explicit ? 0 : 120));
  if (context.aborted) return null;
  try {
    const { from, to, options } = await call('POST /api/events/complete', {
      body: { ...scope, query, cursor: context.pos },
      signal: controller.signal,
    });
    if (options.length === 0) return null;
    return {
      from,
      to,
      filter: false,
      options: options.map(({ text, kind, detail }) => ({
        label: text.length > 120 ? `${text.slice(0, 120)}…` : text,
        apply: (view, _, start, end) => insert(view, text, kind, start, end),
        type: kind,
        ...(detail !== undefined && { detail }),
      })),
    };
  } catch {
    return null;
  }
}
