// Draws what is wanted, a few images at a time: of `areas` always the first that is not done.
//
// An area has `latents()`, those of all its images, and `show(pixels, first)`. What is wanted again
// starts anew, so that a slider never queues up; what was drawn meanwhile is shown all the same, so
// that the picture moves with it.
export class Painter {
  #areas;
  #options;
  #busy = false;

  constructor(areas, options) { // draw(z): a source; dim; batch; done(area, ms); failed(error); busy(yes)
    this.#areas = areas.map((area) => ({ area, wanted: false }));
    this.#options = options;
  }

  want(...areas) {
    for (const job of this.#areas) if (areas.includes(job.area)) Object.assign(job, { wanted: true, z: null });
    if (!this.#busy) this.#work();
  }

  async #work() {
    this.#options.busy((this.#busy = true));
    for (let job; (job = this.#areas.find(({ wanted }) => wanted)); ) {
      let z = null;
      try {
        z = this.#latents(job);
        await this.#step(job, z);
      } catch (error) {
        if (job.z === z) job.wanted = false; // else it is wanted again
        this.#options.failed(error);
      }
      await new Promise((resume) => setTimeout(resume)); // for the browser to paint and to listen
    }
    this.#options.busy((this.#busy = false));
  }

  #latents(job) {
    if (!job.z) Object.assign(job, { z: job.area.latents(), next: 0, began: performance.now() });
    return job.z;
  }

  async #step(job, z) {
    const { draw, dim, batch, done } = this.#options, { next } = job;
    job.area.show(await draw(z.slice(next * dim, (next + batch) * dim)), next);
    if (job.z !== z) return; // wanted again
    job.next += batch;
    job.wanted = job.next * dim < z.length;
    if (!job.wanted) done(job.area, performance.now() - job.began);
  }
}
