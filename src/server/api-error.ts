/** An error that a client of the monitoring API is told of; the body is `{ path, status, error: { message } }`. */
export class ApiError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export const notFound = (): ApiError => new ApiError(404, 'Not Found');
export const badRequest = (message: string): ApiError => new ApiError(400, message);
