import { applyDecorators, Get, HttpCode, Post, Put } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { RouteSpec } from './route-spec.js';

const METHODS = { GET: Get, POST: Post, PUT: Put } as const;

/** Routes a controller method as its spec says: method, path, status, roles, body limit. Controllers carry no prefix. */
export const Endpoint = (spec: RouteSpec): MethodDecorator =>
  applyDecorators(METHODS[spec.method](spec.path), HttpCode(spec.status), RouteConfig({ endpoint: spec }));
