"""The spiking sections of the notebooks: one rule beside its references and fixed hidden synapses,
in one network of spiking neurons, and beside backprop in rates."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import cached_property
from typing import ClassVar

import pandas as pd

from credit.evidence import results, verdicts
from credit.evidence.agreement import scattered
from credit.evidence.claims import Claim, claim, listed
from credit.evidence.glossary import difference, greater, less, ordered, teaches, undecided, values
from credit.experiments import event_driven as event_driven_experiments
from credit.experiments import jobs
from credit.experiments.common import COURSE
from credit.spiking import event_driven, two_phases
from credit.spiking.contrasts import base as contrasts
from credit.spiking.contrasts.base import Contrast
from credit.spiking.online import Online
from credit.spiking.pathways import base as pathways
from credit.spiking.pathways.base import Pathway
from credit.spiking.pathways.two_populations import TwoPopulations
from credit.studies.course_in_spikes import ANGLES, WRONG
from credit.studies.networks_in_spikes import DEEPER, hidden, layers, setting_of, synapses
from credit.studies.searches_in_spikes import Search, at_edges, searched, searched_deep

REFERENCES = {
    "200 direct": "random feedback",
    "200 symmetric": "forward weights, transposed",
    "200 none": "none: hidden synapses fixed",
}
BESIDES = (  # if an experiment has them
    *("controls", "mirror", "populations", "populations-blind", "populations-controls"),
)
RATES = {"backprop": "rate network, backprop", "shallow": "rate network, hidden weights fixed"}
LENGTH = event_driven_experiments.LENGTH
IN_RATES = "1x200 relu" + LENGTH
EVENTS = "synaptic events, test"
RATES_BY_DEPTH = ("02-rates", "02-rates-four")
ALONE, OTHERS = "errors in spikes: test error, % (n)", "told other labels: test error, % (n)"
BOTH = "errors in spikes, told other labels: test error, % (n)"
ALONE_TOO = ", errors in spikes"  # behind the label of what has them
SPIKES_TOO = (
    "[the errors, too, are spikes](21_in_spiking_neurons.ipynb#Errors-as-events-and-as-spikes)"
)
SIGNED_EVENTS, ERRORS_IN_SPIKES = "errors as signed events", "errors in spikes"
DETAILS = ("Beside others", "Beside rates", "Spikes", "Learning rates")  # folded in notebooks
NEARLY = 1.5  # times an error: below it two decimals
CONSTANTS = {"own": "the rate of the inverse", "gain": "the gain of feedback"}  # of a rule
TIE = 0.1  # points of validation error on one seed that decide nothing


class InSpikes:
    """What a notebook's pathways, and those that all are compared with, came to.

    Of every pathway there may be two more networks: one whose hidden neurons are told the labels of
    other images, and one whose errors are spikes alone.

    experiment  of the notebook, or those of several; with each go its `BESIDES`
    named       {label of its runs: name in words}
    lateral     {label: synapses of a hidden neuron with its own layer}
    alone_teaches  whether errors in spikes alone can be said to teach
    untaught  {labels of deeper networks that cannot be said to be taught}
    """

    references = REFERENCES
    # experiments of the references and of the rates
    beside: tuple[str, ...] = (
        *("02-rates", "02-spiking", "02-spiking-floor"),
        *("02-spiking-populations", "01-spiking-populations"),
    )
    fixed = "200 none"  # label of the control
    control = "with hidden synapses fixed"
    compared: tuple[str, ...] = ("200 symmetric", "200 direct")  # in sentences
    no_spikes = pathways.NO_SPIKES  # whatever the pathway is
    shown = event_driven.Setting.image / 1000  # s, a test image
    in_rates = IN_RATES
    column = "feedback pathway"
    size = "of the same size"  # of the network in rates
    drawn = "layered"  # what random feedback is in deeper networks
    deep_beside: tuple[str, ...] = ("02-spiking", "01-spiking-four")  # with fixed synapses, deeper

    def __init__(
        self,
        experiment: str | Sequence[str],
        named: dict[str, str],
        lateral: dict[str, int] | None = None,
        alone_teaches: bool = True,
        untaught: Sequence[str] = (),
    ):
        own = [experiment] if isinstance(experiment, str) else list(experiment)
        besides = [f"{name}-{kind}" for name in own for kind in BESIDES]
        there = results.available()
        self.experiments = [*own, *(name for name in besides if name in there)]
        self.lateral, self.alone_teaches = lateral or {}, alone_teaches
        self.untaught = untaught
        self.named = named | {k: v for k, v in self.references.items() if k not in named}
        names = dict.fromkeys((*self.experiments, *self.beside))
        self.runs = pd.concat([results.load(name) for name in names], ignore_index=True)

    @cached_property
    def errors(self) -> dict[str, pd.Series]:
        """{label: test error of every seed, %}; of networks in rates by method."""
        found = {label: values(self.ends, setting=label) for label in self.named}
        return found | {m: values(self.ends, setting=self.in_rates, method=m) for m in RATES}

    @cached_property
    def labels(self) -> set[str]:
        """Of all its runs."""
        return set(self.runs["setting"])

    @cached_property
    def ends(self) -> pd.DataFrame:
        return results.final(self.runs)

    def told(self, label: str) -> pd.Series:
        """Test error of every seed where hidden neurons are told the labels of other images; empty
        where this was not run."""
        return self._beside_it(f"{label}, shuffled")

    def alone(self, label: str) -> pd.Series:
        """The same where errors of the output are spikes alone; empty too where this is a row."""
        other = label + ALONE_TOO
        return self._beside_it("" if other in self.named else other)

    def told_alone(self, label: str) -> pd.Series:
        """As `told`, where errors of the output are spikes alone."""
        return self._beside_it(f"{label}{ALONE_TOO}, shuffled")

    @property
    def fixed_alone(self) -> pd.Series:
        """Test error of every seed with fixed hidden synapses where the error of the output is
        spikes alone; by signed events where this was not run."""
        alone = self.alone(self.fixed)
        return alone if len(alone) else self.errors[self.fixed]

    def _beside_it(self, label: str) -> pd.Series:
        there = (self.ends["setting"] == label).any()
        return values(self.ends, setting=label) if there else pd.Series(dtype=float)

    def by_layer(self, label: str, metric: str) -> pd.Series:
        """Per image of the last epoch, mean of the seeds; layer 0 is the input."""
        rows = self.runs[(self.runs["setting"] == label) & (self.runs["metric"] == metric)]
        rows = rows[rows["epoch"] == rows["epoch"].max()]
        return rows.groupby("layer")["value"].mean()

    def count(self, label: str, metric: str) -> float:
        """The same, all layers together."""
        return self.by_layer(label, metric).sum()

    def additions(self, label: str, bright: float = 1.0) -> float:
        """Events of a test image at forward synapses, each an addition, over the multiply-adds of
        the same network in rates: one for every synapse.

        bright  share of the input's synapses that count, of pixels that are not dark
        """
        into = synapses(setting_of(label), label)
        return self.count(label, EVENTS) / (bright * into[0] + sum(into[1:]))

    def hidden_rate(self, label: str) -> float:
        """Hz, of a hidden neuron while an image is tested."""
        neurons = sum(hidden(label))
        return self.by_layer(label, "spikes, test")[1:-1].sum() / neurons / self.shown

    def table(self) -> pd.DataFrame:
        besides, rows = {ALONE: self.alone, OTHERS: self.told, BOTH: self.told_alone}, []
        for label, name in (self.named | RATES).items():
            row = {self.column: name}
            row["test error, %"] = verdicts.mean_in_words(self.errors[label])
            for column, runs in ((what, of(label)) for what, of in besides.items()):
                row[column] = _mean_or_seeds(runs)
            if label in self.named:
                row |= {
                    "hidden rate, Hz": f"{self.hidden_rate(label):.0f}",
                    "spikes per test image": f"{self.count(label, 'spikes, test'):,.0f}",
                    "at forward synapses": f"{self.count(label, EVENTS):,.0f}",
                    "error events per training image": (
                        f"{self.count(label, 'error events, learning'):,.1f}"
                    ),
                }
            rows.append(row | {"n": str(len(self.errors[label]))})
        found = pd.DataFrame(rows).fillna("–")
        return found.drop(columns=[what for what in besides if (found[what] == "–").all()])

    def searches(self) -> pd.DataFrame:
        """What the search for learning rates said, a network in a row; validation errors in %."""
        searched = {job.name for name in self.experiments for job in jobs(name, "paper")}
        rows = []
        for label, name in self.named.items():
            for net, how in ((label, ""), (label + ALONE_TOO, ALONE_TOO)):
                if net in searched:
                    found = self.search(net)
                    row = {self.column: name + how, "settings tried": str(found.tried)}
                    row["rates of the output"] = str(found.outputs)
                    row |= {"best": found.best, "next": found.after, "used": found.own}
                    rows.append(row | {"hidden rate at an edge": "yes" if found.edge else "no"})
        return pd.DataFrame(rows)

    def not_spikes(self, *rules: Pathway | Contrast) -> pd.DataFrame:
        """What rules need that spikes do not carry, one in a row; of several also which; and of
        those that were run with errors in spikes what is left."""
        alone = [
            TwoPopulations(way=rule)
            for rule in rules
            if any(label.endswith(f" {rule.short}{ALONE_TOO}") for label in self.labels)
        ]
        kinds = {SIGNED_EVENTS: self._needed(rules), ERRORS_IN_SPIKES: self._needed(alone)}
        if not alone:
            names = "needed by" if len(rules) > 1 else "-"
            kinds = {names: kinds[SIGNED_EVENTS]}
        order = list(dict.fromkeys(what for needed in kinds.values() for what in needed.index))
        found = pd.DataFrame(kinds, index=order).fillna("no")
        found = found.rename_axis("not carried by spikes").reset_index()
        return found.drop(columns="-", errors="ignore")

    def _needed(self, rules: Sequence[Pathway | Contrast]) -> pd.Series:
        """{what: by which of the rules, "yes" if there is but one}."""
        needed = {}
        for rule in rules:
            for what in not_spikes(self.no_spikes, rule)["not carried by spikes"]:
                needed.setdefault(what, []).append(getattr(rule, "way", rule).short)
        every = "all" if len(rules) > 1 else "yes"
        return pd.Series(
            {k: every if len(who) == len(rules) else listed(who) for k, who in needed.items()},
            dtype=object,
        )

    def in_brief(
        self,
        label: str,
        how: str = "",
        answer: str = "Yes",
        more_layers: Sequence[tuple[str, pd.Series, pd.Series]] = (),
    ) -> Claim:
        """The answer to the first question, with what is particular about it in a few words.

        more_layers  deeper networks besides: ("two hidden layers and ...", error, error of the
                     control), of every seed
        """
        error, fixed, alone = self.errors[label], self.errors[self.fixed], self.alone(label)
        more = f", and {alone.mean():.2f} % where {SPIKES_TOO}" if len(alone) else ""
        if len(alone) and not self.alone_teaches:  # seeds part: a mean that none of them has
            each = listed([f"{error:.1f}" for error in sorted(alone)])
            more = (
                f", and {each} % in its {len(alone)} seeds where {SPIKES_TOO}, not to be told "
                "from fixed hidden synapses"
            )
        floor = f"{fixed.mean():.1f} %"
        if len(self.alone(self.fixed)) and len(alone):
            floor = f"{fixed.mean():.1f} and {self.fixed_alone.mean():.1f} %, respectively"
        elif len(alone):
            floor += " with signed events"
        times = round(self.runs.loc[self.runs["setting"] == label, "epoch"].max())
        deep = [
            (f"{layers} hidden layers", error, self.fixed_deeper(net))
            for layers, net, error in self._deeper(label)
            if net not in self.untaught
        ]
        deep += more_layers
        ends = [f"with {k} it is {verdicts.mean_in_words(error)} %" for k, error, _ in deep]
        floors = listed([f"{floor.mean():.1f}" for *_, floor in deep])
        return claim(
            "**In spiking neurons?** {answer}, with {layers}{how}: after {passes} through MNIST, "
            "{k} hidden integrate-and-fire neurons have {e:.2f} % test error{more}; {control} it "
            "is {floor}.{deep}",
            teaches(error, fixed)
            and (not more or teaches(alone, self.fixed_alone) == self.alone_teaches)
            and all(teaches(error, floor) for _, error, floor in deep),
            answer=answer, control=self.control,
            layers=layers(label), how=how, k=listed([str(k) for k in hidden(label)]),
            passes=("one pass", "two passes")[times - 1],
            e=error.mean(), more=more, floor=floor,
            deep=f" {_capital(listed(ends))} ({self.control} {floors} %)." if deep else "",
        )  # fmt: skip

    def sentences(
        self, label: str, compared: Sequence[str] = (), deeper: bool = True
    ) -> Iterator[Claim]:
        """What is said of a rule: whether it teaches, beside what others reach, what it costs.

        compared  labels of those others; by default the two references
        deeper    whether more hidden layers are spoken of
        """
        others = [other for other in compared or self.compared if other != label]
        yield self._taught(label).under("What is learned")
        if len(self.alone(label)):
            yield self._alone(label).under("Errors in spikes")
        yield from (self._beside(label, other).under("Beside others") for other in others)
        yield self._in_rates(label).under("Beside rates")
        yield from (about.under("Beside rates") for about in self._course(label))
        yield self._spent(label).under("Spikes")
        if len(self.alone(label)):
            yield self._spent_alone(label).under("Spikes")
        if deeper:
            yield from (about.under("More hidden layers") for about in self.deeper(label))
        yield self.tuned(label).under("Learning rates")

    def deeper(self, label: str) -> Iterator[Claim]:
        """What more hidden layers bring, for every number of them that was run."""
        before, fewer = self.errors[label], label
        for many, deep, error in self._deeper(label):
            neurons = deep.split(" ")[0]
            fixed = self.fixed_deeper(deep)
            backprop = values(self.deep, setting=f"{neurons} relu" + LENGTH, method="backprop")
            learns, drawn = deep not in self.untaught, f"{neurons} {self.drawn}"
            random, way = "", f"Compared with {layers(fewer)} the error {against(error, before)}"
            way += self._constants(deep, fewer)
            if self.drawn and (self.deep["setting"] == drawn).any():
                mean = values(self.deep, setting=drawn).mean()
                random = f", with random feedback from layer to layer {mean:.2f} %"
            yield claim(
                "With {many} hidden layers, of {k} neurons, {name} ends at {e} % test error "
                "({n} seeds); {control} it is {f:.1f} %{random}, and backprop in rates has "
                "{bp:.2f} %. {way}.{tried}",
                (teaches(error, fixed) if learns else not less(error, fixed))
                and not less(error, backprop),
                many=many, k=listed(neurons.split("-")), name=self.named[label],
                e=verdicts.mean_in_words(error), n=len(error),
                control=self.control, f=fixed.mean(), random=random, bp=backprop.mean(),
                way=way if learns else f"It is not shown to end lower than {self.control}",
                tried=self._tried(deep),
            )  # fmt: skip
            before, fewer = error, deep

    def _constants(self, deep: str, fewer: str) -> str:
        """Which constants of the rule differ from those with fewer layers, as an end of a
        sentence."""
        own, other = (setting_of(label) for label in (deep, fewer))
        if own is None or other is None:
            return ""
        changed = [
            f"{CONSTANTS[name]} is {_decimal(getattr(own.rule, name))}, there "
            f"{_decimal(getattr(other.rule, name))}"
            for name in CONSTANTS
            if getattr(own.rule, name, None) != getattr(other.rule, name, None)
        ]
        return f"; {listed(changed)}" if changed else ""

    def _tried(self, deep: str) -> str:
        """How the rates of a deeper network were searched, in a sentence."""
        found = [
            (name, way)
            for name in event_driven_experiments.ARMS
            for way in event_driven_experiments.arms(name)
            if way.label == deep and f"{name}-tuning" in results.available()
        ]
        if not found:
            return ""
        experiment, setting = found[0]
        rates = searched(f"{experiment}-tuning", f"{deep}, rates ").index.str.extract(
            r"rates (\S+) and (\S+) mV"
        )
        hidden = sorted(rates[1].astype(float).unique())
        ends = {hidden[0]: ", the lowest", hidden[-1]: ", the highest"}
        n = rates[0].nunique()
        return (
            f" Its hidden rate is one of {len(hidden)} that were tried"
            f"{ends.get(setting.hidden_rate, '')}, at {'one rate' if n == 1 else f'{n} rates'} of "
            "the output."
        )

    def fixed_deeper(self, deep: str) -> pd.Series:
        """Test error of every seed of a deeper network whose hidden synapses are fixed."""
        neurons, control = deep.partition(" ")[0], self.fixed.partition(" ")[2]
        return values(self.deep, setting=f"{neurons} {control}")

    def _deeper(self, label: str) -> Iterator[tuple[str, str, pd.Series]]:
        """("two", label, test error of every seed, %) of every deeper network of a rule."""
        rule = label.partition(" ")[2]
        for many, neurons in DEEPER.items():
            deep = f"{neurons} {rule}"
            if deep != label and (self.deep["setting"] == deep).any():
                yield many, deep, values(self.deep, setting=deep)

    @cached_property
    def deep(self) -> pd.DataFrame:
        """How the networks with more hidden layers of this notebook ended, and their references."""
        beside = (f"{self.experiments[0][:2]}-spiking", *self.deep_beside)
        names = [
            name
            for name in results.available()
            if name in RATES_BY_DEPTH
            or (name.startswith(beside) and name.endswith(("-depth", "-four")))
        ]
        return results.final(pd.concat([results.load(n) for n in names], ignore_index=True))

    def tuned(self, label: str) -> Claim:
        """How its learning rates were found, by the results of the search."""
        search = self.search(label)
        holds, more = search.own <= search.best + TIE, search.edge
        if not holds and f"{search.experiment}-searched" in results.available():
            # the other was better over all seeds, at full length
            metric, searched = "validation error", results.load(f"{search.experiment}-searched")
            here = values(results.final(self.runs, metric), metric, setting=label)
            best_pair = f"{label}, best of the search"
            there = values(results.final(searched, metric), metric, setting=best_pair)
            holds = here.mean() < there.mean()
            more += (
                f", but over {len(here)} seeds and all images {here.mean():.2f} %, where the best "
                f"of the whole search ends at {verdicts.mean_in_words(there)} %"
            )
        own = f"the pair used had {search.own:.2f} %"
        if search.own <= search.best + TIE:
            own += ", which one seed does not tell from it"
        return claim(
            "With {layers} {k} pairs of learning rates, with {values} values for the output, were "
            "each tried on part of the images with one seed; the best had {best:.2f} % validation "
            "error and the next {after:.2f} %; {own}{more}.",
            bool(holds),
            layers=layers(label), k=search.tried, values=search.outputs, best=search.best,
            after=search.after,
            own="the best is used" if search.own == search.best else own, more=more,
        )  # fmt: skip

    def _edge(self, label: str) -> str:
        """Of the search of a network, if there was one: where its hidden rate lies, see Search."""
        there = results.available()
        searched_ = any(f"{name}-tuning" in there for name, _ in self._trained(label))
        return self.search(label).edge if searched_ else ""

    def _trained(self, label: str) -> Iterator[tuple[str, Online]]:
        """The experiments that train a network, each with its setting."""
        for name in (*self.experiments, *self.beside):
            for job in jobs(name, "paper"):
                if job.name == label:
                    yield name, job.setting

    def search(self, label: str) -> Search:
        """What the search for its learning rates said."""
        experiment, setting = next(self._trained(label))
        tried = searched(f"{experiment}-tuning", f"{label}, rates ")
        rates = {"rates": setting.learning_rate, "and": setting.hidden_rate}
        grid = {word: tried.index.str.extract(rf" {word} (\S+)")[0].astype(float) for word in rates}
        used = (grid["rates"] == rates["rates"]) & (grid["and"] == rates["and"])
        ends = {grid["and"].min(): "the lowest", grid["and"].max(): "the highest"}
        edge = ends.get(rates["and"]) if len(ends) > 1 else None
        return Search(
            experiment, len(tried), grid["rates"].nunique(), *sorted(tried)[:2],
            own=tried[used.to_numpy()].min(),  # of several spreads, where hidden synapses are fixed
            edge=f"; its hidden rate is {edge} that was tried" if edge else "",
        )  # fmt: skip

    def _taught(self, label: str) -> Claim:
        error, fixed, told = self.errors[label], self.errors[self.fixed], self.told(label)
        share = "no better than with fixed ones"
        if greater(told, fixed):
            share = "worse than with fixed ones"
        elif less(told, fixed) and less(error, fixed):
            part = 100 * (fixed.mean() - told.mean()) / (fixed.mean() - error.mean())
            share = f"{part:.0f} % of the gain"
        return claim(
            "{name} ends at {e:.2f} % test error; with hidden synapses fixed it is {s:.1f} %. "
            "Where its hidden neurons are told the labels of other images, while the output "
            "learns the right ones, it ends at {w:.1f} %: {share}.",
            teaches(error, fixed) and less(error, told),
            name=_capital(self.named[label]), e=error.mean(), s=fixed.mean(), w=told.mean(),
            share=share,
        )  # fmt: skip

    def _alone(self, label: str) -> Claim:
        alone, error, fixed = self.alone(label), self.errors[label], self.fixed_alone
        edge = self.search(label + ALONE_TOO).edge
        seeds = ", ".join(f"{value:.1f}" for value in sorted(alone))
        floor, told = len(self.alone(self.fixed)) > 0, self.told_alone(label)
        return claim(
            "Where the error is spikes, too, of two neurons for every output neuron, {name} ends "
            "at {a:.2f} % ({n} seeds{edge}){floor}{others}. Compared with signed events the error "
            "{way}{no}.",
            (less(alone, fixed) if self.alone_teaches else undecided(alone, fixed))
            and (not len(told) or less(alone, told)),
            name=self.named[label], a=alone.mean(), n=len(alone), edge=edge,
            floor=f", with hidden synapses fixed at {fixed.mean():.1f} %" if floor else "",
            others=f", told other labels at {told.mean():.1f} %" if len(told) else "",
            way=against(alone, error),
            no="" if self.alone_teaches else f"; its seeds end at {seeds} %, and cannot be told "
            "apart from those with hidden synapses fixed",
        )  # fmt: skip

    def _course(self, label: str) -> Iterator[Claim]:
        """How near the change by spikes is to that of the same rule in rates, first and last."""
        one = f"200 {label.partition(' ')[2]}"
        runs = self._beside_rates(f"{self.experiments[0]}-course", one)
        if not len(runs):
            return
        alone = self._beside_rates(f"{self.experiments[0]}-populations-course", label + ALONE_TOO)
        ends = {"first": runs["epoch"].min(), "last": runs["epoch"].max()}
        own, other, backprop = (
            {when: _mean_at(runs, at, metric) for when, at in ends.items()}
            for metric in ANGLES.values()
        )
        first, last = (_mean_at(alone, alone["epoch"].agg(end), ANGLES["own"])
                       for end in ("min", "max"))  # fmt: skip
        wrong = _mean_at(alone, alone["epoch"].max(), WRONG)
        begins = "at the first weights" if not ends["first"] else (
            f"after {COURSE['paper'] * ends['first']:,.0f} images"
        )  # fmt: skip
        apart = "" if pd.isna(backprop["last"]) or backprop == own else (
            f"; to transposed weights {backprop['first']:.0f} and {backprop['last']:.0f}°"
        )  # fmt: skip
        yield claim(
            "The angle between the change of hidden synapses by spikes and that of the same rule "
            "in rates is{where} {first:.0f}° {begins} and {last:.0f}° after {images:,} images "
            "({n} seeds; to the rule for other labels {first_other:.0f} and {last_other:.0f}°"
            "{apart}){too}.",
            all(own[when] < other[when] for when in ends)
            and own["first"] < own["last"]
            and not wrong > last,
            where="" if one == label else ", with one hidden layer,",
            **own, begins=begins, images=COURSE["paper"], n=runs["seed"].nunique(), apart=apart,
            first_other=other["first"], last_other=other["last"],
            too=f"; where errors are spikes, too, {first:.0f} and {last:.0f}°, at the end "
            f"{wrong:.0f}° from what the rule asks of wrong answers alone" * (len(alone) > 0),
        )  # fmt: skip

    def _beside_rates(self, experiment: str, label: str) -> pd.DataFrame:
        """Angles of a network, none where they were not measured."""
        if experiment not in results.available():
            return pd.DataFrame(columns=["epoch", "metric", "value"])
        runs = results.load(experiment)
        return runs[runs["setting"] == label]

    def _in_rates(self, label: str) -> Claim:
        error, backprop = self.errors[label], self.errors["backprop"]
        name = f"backprop in a rate network {self.size}, trained on the same images"
        if undecided(error, backprop):
            return self._not_told(label, backprop, name)
        times = error.mean() / backprop.mean()
        return claim(
            "{name}, has {bp:.2f} %: with spikes it is {times} times that.",
            less(backprop, error),
            name=_capital(name), bp=backprop.mean(),
            times=f"{times:.{1 if times >= NEARLY else 2}f}",
        )  # fmt: skip

    def _spent(self, label: str) -> Claim:
        sent = self.count(label, "error events, learning")
        fired = self.by_layer(label, "spikes, learning")[1:-1].sum()
        aside = self.lateral.get(label, 0) * self.by_layer(label, "spikes, test")[1:-1].sum()
        return claim(
            "While an image is tested a hidden neuron fires at {rate:.0f} Hz; the image elicits "
            "{spikes:,.0f} spikes and {events:,.0f} events at forward synapses, {per:.2f} "
            "additions for each multiply-add in rates, those of dark pixels included{aside}. In "
            "the last pass a training image brings "
            "{sent:,.0f} error events, fewer than hidden spikes ({fired:,.0f}).",
            bool(sent < fired),
            rate=self.hidden_rate(label), spikes=self.count(label, "spikes, test"),
            events=self.count(label, EVENTS), per=self.additions(label), sent=sent, fired=fired,
            aside=f", and {aside:,.0f} within the hidden layer" * bool(aside),
        )  # fmt: skip

    def _spent_alone(self, label: str) -> Claim:
        net = label + ALONE_TOO
        sent = self.count(net, "error events, learning")
        fired = self.by_layer(net, "spikes, learning")[1:-1].sum()
        return claim(
            "With errors in spikes a hidden neuron fires at {rate:.0f} Hz; a test image elicits "
            "{spikes:,.0f} spikes and {events:,.0f} events at forward synapses, and a training "
            "image, in the last pass, {sent:,.1f} spikes of error neurons, fewer than hidden "
            "spikes ({fired:,.0f}).",
            bool(sent < fired),
            rate=self.hidden_rate(net), spikes=self.count(net, "spikes, test"),
            events=self.count(net, EVENTS), sent=sent, fired=fired,
        )  # fmt: skip

    def _beside(self, label: str, beside: str) -> Claim:
        error, other = self.errors[label], self.errors[beside]
        if undecided(error, other):
            return self._not_told(label, other, self.named[beside])
        d, low, high = difference(error, other)
        return claim(
            "{this} is {d:.2f} points {way} than {name} ({o:.2f} %; difference between {low:+.2f} "
            "and {high:+.2f}){edge}.",
            ordered(error, other) if d < 0 else ordered(other, error),
            this=_capital(self.named[label]), d=abs(d), way="better" if d < 0 else "worse",
            name=self.named[beside], o=other.mean(), low=low, high=high,
            edge=self._edge(beside) if d < 0 else "",
        )  # fmt: skip

    def _not_told(self, label: str, other: pd.Series, name: str) -> Claim:
        error = self.errors[label]
        _, low, high = difference(error, other)
        return claim(
            "{n} seeds cannot tell {this} from {name} ({o:.2f} %): the difference lies between "
            "{low:+.2f} and {high:+.2f} points.",
            undecided(error, other),
            n=_seeds(error, other), this=self.named[label], name=name, o=other.mean(), low=low,
            high=high,
        )  # fmt: skip


class InCoherentNetworks(InSpikes):
    """Kickback's networks: one for every class, with two hidden layers."""

    references: ClassVar = {
        "200-100 symmetric, coherent": "errors through all layers, transposed weights",
        "200-100 none, coherent": "none: hidden synapses fixed",
    }
    beside = ("02-spiking-depth", "02-rates")
    fixed = "200-100 none, coherent"
    compared = ("200-100 symmetric, coherent",)
    in_rates = "200-100 relu" + LENGTH
    size = "of the same size, not coherent"


class WithTwoHiddenLayers(InSpikes):
    """The pathways of notebook 02, from layer to layer or past them."""

    references: ClassVar = {
        "200-100 direct": "random feedback, direct",
        "200-100 layered": "random feedback, layer by layer",
        "200-100 symmetric": "forward weights, transposed",
        "200-100 none": "none: hidden synapses fixed",
    }
    beside = ("02-rates",)
    fixed = "200-100 none"
    in_rates = "200-100 relu" + LENGTH


class ErrorsInSpikes(InSpikes):
    """Random feedback of notebook 02 whose errors are spikes of neurons, beside signed events."""

    references: ClassVar = {
        "200 direct": "random feedback in signed events",
        "200 none, errors in spikes": "none: hidden synapses fixed",
        "200 none": "none: hidden synapses fixed, signed events",
    }
    fixed = "200 none, errors in spikes"
    compared = ("200 direct",)

    def _spent(self, label):
        sent, events = (
            self.count(net, "error events, learning") for net in (label, *self.compared)
        )
        network = event_driven.Setting
        k, speaks = 2 * network.sizes[-1], (network.image - network.settling) / 1000
        return claim(
            "In the last pass a training image elicits {sent:.1f} spikes of error neurons; in the "
            "other network it brings {events:.1f} signed events. While the teacher speaks each of "
            "the {k} error neurons fires at {rate:.1f} Hz on average; a hidden one, in a test, at "
            "{hidden:.0f}.",
            bool(sent < events and sent / k / speaks < self.hidden_rate(label)),
            sent=sent, events=events, k=k, rate=sent / k / speaks, hidden=self.hidden_rate(label),
        )  # fmt: skip

    def floors(self) -> Claim:
        """What errors in spikes do for an output above fixed hidden synapses."""
        fixed, number = self.errors[self.fixed], self.errors["200 none"]
        return claim(
            "Above fixed hidden synapses an output that learns by spikes of error neurons ends at "
            "{f:.1f} % ({n} seeds), one that learns by a real-valued error at {s:.1f} %: the error "
            "{way}.",
            less(fixed, number),
            f=fixed.mean(), n=len(fixed), s=number.mean(), way=against(fixed, number),
        )  # fmt: skip


class InALargerNetwork(InSpikes):
    """500 hidden neurons, and images shown for longer."""

    references: ClassVar = {
        "500 symmetric, errors in spikes": "transposed weights, errors in spikes alone",
        "500 none": "none: hidden synapses fixed, signed events",
    }
    beside = ("02-rates",)
    fixed = "500 none"
    shown = event_driven_experiments.LARGE["image"] / 1000
    compared = ("500 symmetric, errors in spikes",)
    in_rates = "1x500 relu" + LENGTH

    def _taught(self, label):
        error, fixed = self.errors[label], self.errors[self.fixed]
        return claim(
            "With {k} hidden neurons and images of {ms:.0f} ms, {name} ends at {e:.2f} % test "
            "error ({n} seeds): {right:.1f} % of the test images are classified correctly; "
            "{control} it is "
            "{f:.1f} %.",
            teaches(error, fixed),
            k=hidden(label)[0], ms=1000 * self.shown, name=self.named[label], e=error.mean(),
            n=len(error), right=100 - error.mean(), control=self.control, f=fixed.mean(),
        )  # fmt: skip


class InManyPasses(InALargerNetwork):
    """As many hidden neurons, images as short as elsewhere, and six passes through them."""

    references: ClassVar = {"500 none": "none: hidden synapses fixed, signed events"}
    shown = InSpikes.shown
    beside = ()
    compared = ()


class InTwoPhases(InSpikes):
    """Rules that compare two phases; there are no errors, and so none of other images."""

    references: ClassVar = {
        "200 contrastive Hebbian": "contrastive Hebbian learning",
        "200 contrastive Hebbian, hidden synapses fixed": (
            "contrastive Hebbian learning, hidden synapses fixed"
        ),
        "200 untold": "no feedback",
    }
    beside = ("09-spiking", "09-spiking-fixed", "02-rates")
    drawn = ""
    deep_beside = ("09-spiking",)
    fixed = "200 untold"
    control = "without feedback"
    frozen = "200 contrastive Hebbian, hidden synapses fixed"
    compared = ("200 contrastive Hebbian",)
    no_spikes = contrasts.NO_SPIKES
    shown = two_phases.Setting.phase / 1000
    column = "rule"

    def table(self):
        return super().table().drop(columns="error events per training image")

    def _tried(self, deep):
        return ""  # a sentence of its own in `deeper`

    def _taught(self, label):
        error, fixed, frozen = (self.errors[net] for net in (label, self.fixed, self.frozen))
        return claim(
            "{name} ends at {e:.2f} % test error; without feedback it is {s:.1f} %, and "
            "contrastive Hebbian learning with feedback, but with hidden synapses fixed, ends at "
            "{f:.1f} %. Labels of other images are no control here: hidden neurons hear only the "
            "output, and it is the label that drives it.",
            teaches(error, fixed) and teaches(error, frozen),
            name=_capital(self.named[label]), e=error.mean(), s=fixed.mean(), f=frozen.mean(),
        )  # fmt: skip

    def deeper(self, label):
        claims = list(super().deeper(label))
        yield from claims
        if not claims:
            return
        tried = searched_deep(label.partition(" ")[2])
        parts = tried.index.str.extract(r"(rates .*), gain (\S+)$").astype({1: float})
        by = parts.assign(value=tried.array).groupby([0, 1])["value"].first().unstack().dropna()
        weak, strong = by.columns.min(), by.columns.max()
        gain = float(tried.idxmin().rpartition(" ")[2])
        yield claim(
            "At {k} pairs of rates gains of {strong:g} and of {weak:g} were both tried on part of "
            "the images: the best have {e:.0f} and {f:.0f} % validation error. The best of all {n} "
            "settings has {best:.1f} %, with a gain of {gain:g}{edge}.",
            bool(by[weak].min() < by[strong].min()),
            k=len(by), strong=strong, e=by[strong].min(), weak=weak, f=by[weak].min(),
            n=len(tried), best=tried.min(), gain=gain, edge=at_edges(tried),
        )  # fmt: skip

    def _spent(self, label):
        rate, target = self.hidden_rate(label), two_phases.Setting.target
        learning = self.count(label, "spikes, learning")
        return claim(
            "While an image is tested a hidden neuron fires at {rate:.0f} Hz, the taught one at "
            "{target:.0f}; the image elicits {spikes:,.0f} spikes and {events:,.0f} events at "
            "forward synapses, {per:.2f} additions for each multiply-add in rates, those of "
            "dark pixels included; a training "
            "image, with its two phases, {learning:,.0f} spikes.",
            bool(rate < target),
            rate=rate, target=target, spikes=self.count(label, "spikes, test"),
            events=self.count(label, EVENTS), per=self.additions(label), learning=learning,
        )  # fmt: skip


def _decimal(value: float) -> str:
    """0.00001, where others write 1e-05."""
    return f"{Decimal(f'{value:g}'):f}"


def against(error: pd.Series, other: pd.Series) -> str:
    """ "is lower (-0.50 points; -0.70 to -0.30)", by the interval of the difference."""
    d, low, high = difference(error, other)
    if not less(error, other) and not greater(error, other):
        return f"cannot be told apart ({low:+.2f} to {high:+.2f} points)"
    return f"is {'lower' if d < 0 else 'higher'} ({d:+.2f} points; {low:+.2f} to {high:+.2f})"


def not_spikes(usual: dict[str, str], rule: Pathway | Contrast) -> pd.DataFrame:
    """What a rule needs that spikes do not carry, one in a row.

    usual  NO_SPIKES of its kind of network
    """
    needed = [text for what, text in usual.items() if what not in rule.in_spikes]
    return pd.DataFrame({"not carried by spikes": [*needed, *rule.not_spikes]})


def _seeds(*groups: pd.Series) -> str:
    """How many: "5", or "5 and 3" where groups differ."""
    return " and ".join(dict.fromkeys(str(len(group)) for group in groups))


def _mean_or_seeds(runs: pd.Series) -> str:
    """ "2.53 ± 0.18 (5)"; each seed where some end at twice the error of others; "–" of none."""
    if not len(runs):
        return "–"
    if scattered(runs):
        return ", ".join(f"{value:.1f}" for value in sorted(runs))
    return f"{verdicts.mean_in_words(runs)} ({len(runs)})"


def _mean_at(runs: pd.DataFrame, epoch: float, metric: str) -> float:
    return runs.loc[(runs["epoch"] == epoch) & (runs["metric"] == metric), "value"].mean()


def _capital(name: str) -> str:
    return name[0].upper() + name[1:]
