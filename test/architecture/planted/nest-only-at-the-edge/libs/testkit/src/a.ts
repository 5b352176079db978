import { Module } from '@nestjs/common';

export const decorator = Module;
