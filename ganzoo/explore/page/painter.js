// Draws what is wanted, a few images at a time: of `areas` always the first that is not done.
//
// An area has `inputs()`, z and labels of all its images, and `show(pixels, first)`. What is wanted again
// starts anew, so that a slider never queues up; what was drawn meanwhile is shown all the same, so
// that the picture moves with it.
export class Painter {
  #areas;
  #options;
  #busy = false;

  constructor(areas, options) { // draw(inputs): a source; dim; batch; done(area, ms); failed(error); busy(yes)
    this.#areas = areas.map((area) => ({ area, wanted: false }));
    this.#options = options;
  }

  want(...areas) {
    for (const job of this.#areas) if (areas.includes(job.area)) Object.assign(job, { wanted: true, inputs: null });
    if (!this.#busy) this.#work();
  }

  async #work() {
    this.#options.busy((this.#busy = true));
    for (let job; (job = this.#areas.find(({ wanted }) => wanted)); ) {
      let inputs = null;
      try {
        inputs = this.#inputs(job);
        await this.#step(job, inputs);
      } catch (error) {
        if (job.inputs === inputs) job.wanted = false; // else it is wanted again
        this.#options.failed(error);
      }
      await new Promise((resume) => setTimeout(resume)); // for the browser to paint and to listen
    }
    this.#options.busy((this.#busy = false));
  }

  #inputs(job) {
    if (!job.inputs) Object.assign(job, { inputs: job.area.inputs(), next: 0, began: performance.now() });
    return job.inputs;
  }

  async #step(job, inputs) {
    const { draw, dim, batch, done } = this.#options, { z, labels } = inputs, { next } = job, end = next + batch;
    job.area.show(await draw({ z: z.slice(next * dim, end * dim), labels: labels?.slice(next, end) }), next);
    if (job.inputs !== inputs) return; // wanted again
    job.next += batch;
    job.wanted = job.next * dim < z.length;
    if (!job.wanted) done(job.area, performance.now() - job.began);
  }
}
