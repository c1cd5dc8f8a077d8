"""Which LLM answers: a router, its prices and endpoints at one moment, and the encoder's thread."""

import asyncio
import hashlib
import math
import queue
import threading
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from uniroute.controller import Controller
from uniroute.router import UniRoute
from uniroute.serve.config import Config, read_config

__all__ = []


class Busy(Exception):
    """More prompts wait for the encoder than may."""


@dataclass(frozen=True)
class Wish:
    """How a request is to be decided: a cost weight, or the budget of a plan."""

    cost_weight: float | None = None
    budget: float | None = None


@dataclass(frozen=True)
class Choice:
    """LLMs for one prompt, the best first, with what was predicted of each."""

    order: tuple
    losses: dict
    costs: dict
    cost_weight: float
    wish: Wish

    @property
    def reason(self):
        """Why the first is the first, in one line."""
        first, *others = self.order
        by = f"budget {self.wish.budget:g}, " if self.wish.budget is not None else ""
        if math.isinf(self.cost_weight):
            return f"{by}which pays for the cheapest only"
        scores = {
            name: self.losses[name] + self.cost_weight * self.costs[name] for name in self.order
        }
        rival = f"; runner-up {scores[others[0]]:.4g}" if others else ""
        return f"{by}predicted loss + {self.cost_weight:.4g} x cost = {scores[first]:.4g}{rival}"


@dataclass(frozen=True)
class Serving:
    """A router and a configuration that belong together; replaced whole.

    `plans` has a plan of the router, or its controller, for each budget, and `version` twelve
    digits made of both files.
    """

    config: Config
    router: UniRoute
    version: str
    plans: dict = field(default_factory=dict)

    @property
    def usual(self):
        """The wish of requests that have none."""
        return Wish(self.config.cost_weight, self.config.budget)

    def decide(self, x, wish):
        """Return the `Choice` for an embedding of shape (n_dims,)."""
        X, pool = x[None], self.router.pool_
        losses, costs = self.router.predict_loss(X)[0], self.router.predict_cost(X)[0]
        if wish.budget is None:
            weight, options = wish.cost_weight, {"cost_weight": wish.cost_weight}
        else:
            plan = self.plans[wish.budget]
            weight, options = plan.now(pool, None)[0].cost_weight, {"plan": plan}
        first = int(self.router.route(X, **options, positions=True)[0])
        scores = costs if math.isinf(weight) else losses + weight * costs
        others = [int(i) for i in np.lexsort([costs, scores]) if i != first]
        names = [pool.llms[i] for i in (first, *others)]
        return Choice(
            order=tuple(names),
            losses=dict(zip(pool.llms, losses.tolist(), strict=True)),
            costs=dict(zip(pool.llms, costs.tolist(), strict=True)),
            cost_weight=float(weight),
            wish=wish,
        )

    def billed(self, wish, cost):
        """Tell the controller, if there is one, what an answer cost."""
        plan = self.plans.get(wish.budget)
        if isinstance(plan, Controller):
            plan.update([cost])


def read_serving(router_path, config_path, encoder, before=None):
    """Read both files and return a `Serving`, or raise `ValueError` or `OSError`.

    `encoder` is what the router must have been fitted with; controllers of `before` go on where
    their plans are still there.
    """
    config, router = read_config(config_path), UniRoute.load(router_path)
    known, dims = router.pool_.fingerprint, router.n_features_in_
    if known is not None and known != encoder.fingerprint:
        raise ValueError(f"encoder must be the one that {router_path} was fitted with; it is not")
    if encoder.n_dims != dims:
        raise ValueError(
            f"encoder must give the {dims} dimensions that {router_path} was fitted on; it gives "
            f"{encoder.n_dims}"
        )
    _fit_pool(router, config)
    return Serving(
        config, router, _version(router_path, config_path), _plans(router, config, before)
    )


def _fit_pool(router, config):
    """Give the router the pool and the prices of the configuration."""
    known = set(router.llms_)
    for name in router.llms_:
        if name not in config.models:
            raise ValueError(f"models.{name} must be given (routed: false takes it out)")
    for name, model in config.models.items():
        if model.routed and name not in known:
            raise ValueError(
                f"models.{name} must be an LLM of the router, {', '.join(router.llms_)}, or have "
                "routed: false"
            )
    gone = [name for name in router.llms_ if not config.models[name].routed]
    if gone:
        router.remove_llms(gone)
    costs = {name: config.models[name].cost for name in router.llms_}
    if costs := {name: cost for name, cost in costs.items() if cost is not None}:
        router.update_costs(costs)


def _plans(router, config, before):
    """Return {budget: plan or controller}."""
    plans, old = {}, {} if before is None else before.plans
    for plan in router.plans_:
        if plan.budget in plans:
            raise ValueError(
                f"budget must be that of one plan; the router has two of {plan.budget}"
            )
        plans[plan.budget] = plan
    if config.budget is None:
        return plans
    if config.budget not in plans:
        found = ", ".join(f"{budget:g}" for budget in plans) or "none"
        raise ValueError(
            f"budget must be that of a plan that the router keeps, {found}; got {config.budget:g}"
        )
    if config.horizon is not None:
        plan, held = plans[config.budget], old.get(config.budget)
        same = isinstance(held, Controller) and held.plan.key == plan.key
        same = same and held.horizon == config.horizon
        plans[config.budget] = held if same else Controller(plan, config.horizon)
    return plans


def _version(router_path, config_path):
    path = Path(router_path)
    path = path if path.is_file() else path.with_name(path.name + ".uniroute")
    content = path.read_bytes() + Path(config_path).read_bytes()
    return hashlib.sha256(content).hexdigest()[:12]


class EncoderThread:
    """The encoder, off the event loop: prompts that wait are embedded together.

    Parameters
    ----------
    encoder : Encoder
    size, batch : int
        Prompts that may wait, and that are embedded at once.
    """

    def __init__(self, encoder, size, batch):
        self.encoder, self.batch = encoder, batch
        self.waiting = queue.Queue(maxsize=size)
        self._thread = threading.Thread(target=self._run, daemon=True, name="uniroute encoder")
        self._thread.start()

    async def decide(self, text, serving, wish):
        """Return the `Choice` for a text or a chat; `Busy` if too many wait."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        try:
            self.waiting.put_nowait((text, serving, wish, future, loop))
        except queue.Full:
            raise Busy from None
        return await future

    def stop(self):
        """End the thread when what waits is done."""
        self.waiting.put(None)
        self._thread.join()

    def _run(self):
        while (job := self.waiting.get()) is not None:
            jobs = [job]
            while len(jobs) < self.batch and not self.waiting.empty():
                if (job := self.waiting.get()) is None:
                    self.waiting.put(None)
                    break
                jobs.append(job)
            self._do([job for job in jobs if not job[3].cancelled()])

    def _do(self, jobs):
        """Embed together; where that fails one by one, so that each bears its own error."""
        if not jobs:
            return
        try:
            rows = self.encoder.encode([text for text, *_ in jobs])
        except Exception as error:
            if len(jobs) == 1:
                return _settle(jobs[0], None, error)
            for job in jobs:
                self._do([job])
            return
        for job, row in zip(jobs, rows, strict=True):
            try:
                _settle(job, job[1].decide(row, job[2]))
            except Exception as error:
                _settle(job, None, error)


def _settle(job, choice, error=None):
    future, loop = job[3:]

    def settle():
        if not future.done():
            future.set_exception(error) if error else future.set_result(choice)

    try:
        loop.call_soon_threadsafe(settle)
    except RuntimeError:  # the loop is closed: nobody waits any more
        pass
