import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';

/** Serves the ready document at `/openapi.json` and a page for it at `/docs`; every file of the page comes from here. */
export const serveDocs = (app: NestFastifyApplication, document: OpenAPIObject): void => {
  SwaggerModule.setup('docs', app, document, {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    swaggerOptions: { persistAuthorization: false, validatorUrl: null },
  });
};
