//! Every code of a diagnostic with what it means and what to do.
//!
//! Does not know how a code is found; whoever reports one names the constant.

/// A code with its explanation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// `W0101`. A code is never given another meaning.
    pub code: &'static str,
    /// What is wrong, in a few words.
    pub title: &'static str,
    /// Why it is wrong and what to do, one paragraph.
    pub explanation: &'static str,
}

/// The explanation of a code, however its letter is written.
pub fn explain(code: &str) -> Option<&'static Code> {
    ALL.iter().find(|known| known.code.eq_ignore_ascii_case(code.trim()))
}

macro_rules! codes {
    ($($name:ident $code:literal $title:literal $explanation:literal)*) => {
        $(#[doc = $title] pub const $name: &str = $code;)*
        /// All codes, in order.
        pub const ALL: &[Code] = &[$(Code { code: $code, title: $title, explanation: $explanation }),*];
    };
}

codes! {
    UNREADABLE "W0101" "a file cannot be read"
    "The runbook or a driver that it names is missing, may not be read, is no regular text, or is not UTF-8. A driver's path is relative to the runbook that names it; one that is chosen with `--driver NAME=FILE` is relative to the working directory."

    SYNTAX "W0102" "the text is not YAML"
    "The YAML parser gave up at this place; nothing behind it has been looked at. The usual reasons are indentation that does not line up, a tab, a text that holds `: ` or begins with `{`, `[`, `*`, `&`, `%` or `@` without quotes, and a bracket or quote that is never closed. A template at the beginning of a value needs quotes: `\"{{ params.source }}\"`."

    TOO_MUCH "W0103" "the file is over a limit"
    "A file may have 16 MiB, 2,000,000 values with aliases counted in full, and values may be nested 128 deep, groups 40 deep. A runbook that needs more wants a parameter (`-p items=@FILE`) instead of a list in its text. Aliases of aliases grow very fast, and that is why they are counted in full."

    DUPLICATE_KEY "W0104" "a key stands twice in a map"
    "YAML parsers silently keep one of two equal keys, so half of what was written would be lost. Remove one, or give it another name."

    NOT_AVAILABLE "W0105" "YAML has it, a runbook does not"
    "Merge keys (`<<`), tags (`!name`), keys that are no texts, infinite numbers and several documents in a file are not available, because they make it hard to see what a runbook says. Anchors and aliases are. Put a key that looks like a number or like `true` in quotes."

    UNKNOWN_KEY "W0106" "a key is not known"
    "The key does not exist at this place. It may be misspelt, one level too deep or too high, or belong to a newer version of windlass. Keys that are not known are never ignored, because a misspelt `needs` would be a step that needs nothing."

    WRONG_TYPE "W0107" "a value is of the wrong type"
    "The key takes another kind of value: a list where a text stands, a text where a number stands. Texts that YAML takes for something else (`1.10`, `true`, `null`) need quotes to stay as they are written."

    MISSING_KEY "W0108" "a key is missing"
    "A key that is always needed at this place is not there. Every file says `windlass: 1`; a runbook has `name` and `steps`, a driver has `driver` and `actions`."

    BAD_NAME "W0109" "this is no name"
    "Names of steps, parameters, variables, drivers, actions, inputs, outputs and items begin with a small letter and go on with small letters, digits and `_`: in an expression a hyphen would be a minus. A runbook's name is made of small letters, digits and `-`. Variables of the environment are letters, digits and `_`; those that begin with `WINDLASS_` are set by windlass."

    BAD_DURATION "W0110" "this is no duration"
    "A duration is a number with a unit, or several of them with the larger unit first: `500ms`, `90s`, `10m`, `1h30m`, `2d`. A number alone is refused, because nobody can tell whether it means seconds or minutes. A timeout must be longer than nothing."

    ACTIONS "W0111" "a step does two things, or nothing"
    "A step has exactly one of `run`, `shell`, `uses`, `assert`, `manual`, `approve`, `wait` and `steps`. What is done twice cannot be resumed in the middle, so two actions are two steps, of which one needs the other."

    MISPLACED_KEY "W0112" "a key does not belong here"
    "The key is known, but not at this place: `with` belongs to `uses`, `interpreter` to `shell`; a group has no action, so what describes an action stands in its steps; an assertion starts nothing, so it has no outputs; a driver does not use other drivers."

    LANGUAGE "W0113" "the language's version is not known"
    "`windlass: 1` says which version of the language a file is written in. A file for a newer version may mean things that this windlass would not understand, so it is refused as a whole."

    WRONG_FILE "W0114" "this is another kind of file"
    "The file is a driver where a runbook is wanted. A driver has `driver` and `actions`, a runbook has `name` and `steps`."

    TOO_MANY "W0115" "there are more errors"
    "Only the first thousand are shown. A file with more is usually wrong in one way many times over; correct one and check again."

    BAD_WINDOW "W0116" "this is no window"
    "A window has `days` (Mon, Tue, Wed, Thu, Fri, Sat, Sun; without them, every day), `from` and `to` as hours and minutes in quotes, and `tz`, the name of a time zone such as `Europe/Berlin`. The days are those on which it opens. Where `to` is not later than `from`, it closes on the next day; `24:00` is the end of the day. The time zones are those that windlass brings along, so that every machine knows the same."

    SELF_NEED "W0201" "a step waits for itself"
    "A step stands in its own `needs` or `after`, so it would wait for its own end and never begin."

    CYCLE "W0202" "steps wait for each other in a circle"
    "Each step of the circle waits for the next one, and the last one for the first, so none of them can ever begin. The circle that is shown is a shortest one and shown whole; remove one of its needs. There may be others, which show once this one is gone."

    UNKNOWN_STEP "W0203" "a step that is needed does not exist"
    "`needs`, `after` and `around` name steps, and there is none of this name."

    NOT_BESIDE "W0204" "a step that is needed is elsewhere"
    "`needs`, `after` and `around` name steps that stand beside the step or setting, in the same group. A step inside a group starts when the group does, so let the group need what is outside of it; and whoever needs a step inside of a group needs the whole group."

    SHADOWED "W0205" "a name hides another one"
    "The name is taken: by something that every expression can see (`params`, `vars`, `steps`, `run`, `out`, `inputs`, `index`, `value`), by an item of an enclosing group, by a step beside an enclosing group, or, for a setting, by a step beside it. Whoever reads the expression would have to know which one is meant, so another name is needed."

    NOT_UPSTREAM "W0206" "an expression reads a step that may not have ended"
    "An expression may read `steps.NAME` only if the step, or a group around it, waits for that step by `needs` or `after`, directly or through others. Otherwise it would depend on chance whether there is anything to read. A step cannot read itself: its own result is `out`, in `success` and `outputs`."

    MAY_BE_SKIPPED "W0207" "an expression reads outputs that may not exist"
    "The step has a `when`, or stands in a group that has one, so it may be skipped, and then it has no outputs. Let the reader have a `when` that asks first: `when: steps.NAME.status == \"succeeded\"`."

    NO_SUCH_PART "W0208" "a step has no such part"
    "What can be read of a step is `.status` and, of a single step, `.outputs.NAME` with the names under its `outputs` and under those of the driver's action that it uses. What is inside a group is `.steps.NAME`; what is inside a group or step with `for_each` is behind `.items[KEY]`."

    LISTED_TWICE "W0209" "a name is listed twice"
    "The same name stands twice in `needs`, `after`, `around` or `locks`, or in both `needs` and `after`. If a step must have succeeded, `needs` says everything; if it must only have ended, `after` does."

    ITEM_KEYS "W0210" "items have no keys that tell them apart"
    "Each item of `for_each` has a key by which it is known in the journal and on the command line: the item itself where it is a text, else what the expression under `key` gives. Two items with one key could not be told apart when the run is resumed."

    SETTING_NEED "W0211" "a setting cannot be waited for like this"
    "A step may need `NAME:restored` of a setting that stands beside it: then it starts when all that the setting surrounds has succeeded and the old value is back. Nothing else about a setting can be needed: a step that shall run while it is in force stands under its `around`. A setting itself waits for steps only."

    SURROUNDS "W0212" "a setting is in force around what it waits for, or what waits for it"
    "What a setting surrounds starts when the setting is in force, and the setting is put back when all of it has ended. So it cannot surround a step that it needs, directly or through others; and a step that waits until it is restored cannot be surrounded by it, nor can anything that comes after that step. The circle is shown whole. A setting without `around` is in force around everything beside it but what it needs and what waits for its restoration."

    SURROUNDS_NOTHING "W0213" "a setting is in force around nothing"
    "A setting without `around` is in force around the steps beside it, but for those that it needs and those that wait until it is restored. Here no step is left, so it would never be set. Name the steps that it is for under `around`, or move it beside them."

    UNKNOWN_WINDOW "W0214" "a window does not exist"
    "`window` of a step or group names one of the runbook's `windows`, and there is none of this name."

    TEMPLATE_SYNTAX "W0301" "a template cannot be understood"
    "The text between `{{` and `}}`, or the expression, does not follow the language of templates, or calls a filter, test or function that there is not. A text that is to hold two braces as they are writes `{{ \"{{\" }}`."

    UNKNOWN_NAME "W0302" "a name is not known here"
    "The expression reads a name that cannot be seen from here. Everywhere in a runbook there are `params`, `vars`, `steps` and `run`; inside `for_each` its item and `index`; in `success`, `outputs`, `until` and the states of a probe there is `out`; in `set`, `change` and `restore` of a setting there is `value`. Inside a driver's action there are only `inputs`, `run` and, there, `out`."

    UNKNOWN_PARAM "W0303" "a parameter, variable or input is not declared"
    "The name behind `params.`, `vars.` or `inputs.` is not declared under that key."

    UNQUOTED "W0304" "a value would be pasted into a shell script"
    "A value that is put into a script as it is can change what the script does: a quote or a semicolon in a mailbox's name would run as a command. Let values in as variables of the environment (`env: {MAILBOX: \"{{ mailbox }}\"}` and `\"$MAILBOX\"` in the script), or end the template in `| sh`, which quotes."

    BRACES "W0305" "an expression stands in braces"
    "`when`, `that`, `success`, `key` and `items` are expressions, not texts with templates in them, so they stand without `{{ }}`."

    LATER_VAR "W0306" "a variable reads one that comes later"
    "Variables are computed in the order of the file, so one can read only those above it."

    NOT_TRUTH "W0307" "a condition is no condition"
    "`when`, `that` and `success` must give true or false. A text or a number that stands there alone is always the same and never what was meant; compare it with something."

    VAR_FAILS "W0308" "a variable cannot be computed"
    "Variables are computed once, before anything is started, from the parameters and the variables above them. The message says what the expression stumbled over with the parameters as they were given."

    RETRY_ONCE "W0401" "a dangerous step would be tried again"
    "The step is `once`, which is also the default: doing it a second time does harm, and after a failure nobody knows how far it came. If it can be done again safely, say so with `effect: idempotent` (or `read`, if it changes nothing). Else give it a `probe`, which looks after a bad end whether anything has happened, so that it is tried again only where nothing has; or remove `retry`."

    AFTER_ONCE "W0402" "a dangerous step would run after a failure"
    "`after` lets a step run whatever became of the other, also after a failure or a doubt. That is for steps that clean up or look, `read` and `idempotent` ones. A step that is `once` uses `needs`."

    CHECK_NOT_READ "W0403" "a verification changes something"
    "The actions under `verify` run after the action and again on every resume that is not sure of them, so they may only look. What changes something is a step of its own."

    WEAKER_EFFECT "W0404" "a step says less than its driver"
    "The driver's action declares a stronger effect than the step that uses it: the driver says that doing it again does harm, the step says it does not. The step's word counts. It should be true for this very use and not only be written to make `retry` possible."

    STATES "W0405" "a probe's states do not say enough"
    "A probe reads in which state the world is, and each state says what follows. `done` and `absent` mean what their names say; every other state has `when` and exactly one of `wait` (it is still going on), `repair` (actions, then the probe is asked again) and `stop` (the operator must look). An action with a probe is started only where the state is `absent`, and a start whose end is lost is known to have happened only where it is `done`, so both must be there. What no state describes is a doubt, and never `absent`."

    LOOK_NOT_READ "W0406" "what should only look changes something"
    "A probe, and the `get` of a setting, is done at any time and more than once, also after a crash, so it may only look: it is `read`, and the driver's action that it uses must be."

    SETTING_ONCE "W0407" "a setting is changed by what must not be done twice"
    "A temporary change is made again, and put back again, when a crash leaves it unknown how far it came. So `set`, `change` and `restore` must do no harm the second time. A command that is written in a setting is taken to be `idempotent`; a driver's action says so itself."

    REPEAT_ONCE "W0408" "a dangerous step would be repeated"
    "`repeat` does the action again and again until something holds. A step that is `once`, which is also the default, does harm the second time. If it can be done again safely, as most sweeps can, say so with `effect: idempotent`; else it needs a `probe`."

    NEVER_ASKED "W0409" "a probe would never be asked"
    "A probe is asked before each start of a `once` action, and whenever a start is in doubt. What is `read` or `idempotent` is simply done again, so its probe would never be asked. Remove the probe, or say `effect: once` if doing the action again does harm."

    PROBE_OUTPUTS "W0410" "a probe does not give the outputs of its action"
    "Where a probe finds the state `done`, the action is not started, and its outputs are read from what the probe has printed. A probe that declares `outputs` of its own must give all that the action declares, with the same types, and no others; one that declares none is read as the action would be."

    TOO_FEW "W0411" "an approval could never be had"
    "`min` says how many different people must approve, and `by` names fewer than that. Nobody can answer twice, so the step would wait for ever, or until its `timeout`."

    TOO_SHORT "W0412" "a window is never open for long enough"
    "A step, or an item of a group, begins only if it can end before its window closes: `expect` says how long it takes, and where it says nothing `timeout` does. Here no opening is that long, so it would never begin. Make the window longer, or the work smaller, say by fewer items at a time."

    UNKNOWN_DRIVER "W0501" "a driver is not known"
    "`uses: mail.move` means the action `move` of the driver `mail`, and the runbook names no file for it under `drivers`; or `--driver NAME=FILE` chooses a driver that the runbook does not use."

    UNKNOWN_ACTION "W0502" "a driver has no such action"
    "The driver's file has no action of this name under `actions`. Another driver may have been chosen with `--driver`; all drivers of one name should have the same actions."

    DRIVER_NAME "W0503" "a driver is of another kind"
    "The file says `driver: NAME` with another name than the one under which the runbook loads it. The name tells which actions can be expected, so that a driver for databases is not taken for one for mail."

    BAD_INPUTS "W0504" "inputs do not fit the action"
    "`with` gives an input that the action does not declare, leaves one out that has no default, or gives a value that breaks the input's schema. Values that hold templates are checked when they are known."

    MISSING_PARAM "W0601" "a parameter has no value"
    "A parameter without a default must be given: `-p NAME=VALUE`, `-p NAME=@FILE`, or an entry in a file given with `--params FILE`."

    UNDECLARED_PARAM "W0602" "a value is given to a parameter that is not declared"
    "The runbook has no parameter of this name under `params`. A misspelt one would otherwise leave its default in force."

    BAD_PARAM "W0603" "a value breaks the parameter's schema"
    "The value that was given does not fit what the runbook declares for the parameter."

    UNREADABLE_PARAM "W0604" "a parameter's value cannot be read"
    "The text cannot be understood as the type that the parameter declares, or the file behind the `@` cannot be read. Files end in `.txt` (a list of lines), `.csv` (a list of maps by the header), `.json` or `.yaml`."

    PARAM_TWICE "W0605" "a parameter is given twice"
    "`-p` names the same parameter twice, and it cannot be told which one is meant. A list is one value: `-p NAME=[a, b]`."

    BAD_SCHEMA "W0606" "this is no JSON Schema"
    "Parameters and inputs are declared with keywords of JSON Schema (draft 2020-12). A keyword that does not exist would check nothing, so it is refused, as is a value that a keyword does not take. A schema cannot refer to anything outside of itself."

    BAD_DEFAULT "W0607" "a default breaks its own schema"
    "The value under `default` does not fit the declaration that it stands in, so it could never be used."

    POLICY "W0801" "a policy is not kept"
    "`--policy FILE` names rules of an organisation or a domain: what must come before or after a step of some kind, what it holds, what must never be. A step is of the kind that it says (`kind`), that its driver's action says, or that its name says. The message is the rule's own title, and its source stands below. What a policy demands cannot be silenced by `allow`."
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::params;

    #[test]
    fn codes_are_in_order_and_none_is_given_twice() {
        assert!(ALL.windows(2).all(|pair| pair[0].code < pair[1].code));
    }

    #[test]
    fn a_code_is_explained_in_sentences() {
        assert_eq!(explain("w0203").map(|code| code.code), Some(UNKNOWN_STEP));
        assert_eq!(explain("W9999"), None);
        for code in ALL {
            assert!(
                code.explanation.len() > 60 && code.explanation.ends_with('.'),
                "{}",
                code.code
            );
            assert!(!code.title.ends_with('.'), "{}", code.code);
        }
    }

    #[test]
    fn codes_of_parameters_are_the_same_here_and_there() {
        assert_eq!(
            [MISSING_PARAM, UNDECLARED_PARAM, BAD_PARAM, UNREADABLE_PARAM, PARAM_TWICE],
            [
                params::MISSING,
                params::UNKNOWN,
                params::BREAKS_SCHEMA,
                params::UNREADABLE,
                params::TWICE
            ]
        );
    }
}
