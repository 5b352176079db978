import { type DynamicModule, Module } from '@nestjs/common';

/** All services in one process. They share the ports and know nothing of each other. */
@Module({})
export class StandaloneModule {
  static of(...services: readonly DynamicModule[]): DynamicModule {
    return { module: StandaloneModule, imports: [...services] };
  }
}
