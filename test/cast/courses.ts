// The two courses of the cast, as the LMS knows them.
import { assistant1, manager1, students, teacher1 } from './people.ts'

/** Moodle's four archetypes that matter to a tool; a site administrator is on the person. */
export type CourseRole = 'student' | 'assistant' | 'teacher' | 'manager'

export type CastActivity = {
  key: string
  title: { en: string; fr: string }
  description: { en: string; fr: string }
  /** What the tool wants to find again: here, which course of Labplan the activity opens. */
  custom: Record<string, string>
  opensIn: 'frame' | 'window'
  /** Only people of this group see the activity. */
  group?: string
}

export type CastCourse = {
  key: string
  id: string
  shortName: string
  fullName: string
  idNumber: string
  summary: { en: string; fr: string }
  members: { username: string; role: CourseRole; groups: string[] }[]
  groups: { id: string; name: string }[]
  activities: CastActivity[]
}

const halfOfStudents = students.length / 2
const staff: CastCourse['members'] = [
  { username: teacher1.username, role: 'teacher', groups: [] },
  { username: assistant1.username, role: 'assistant', groups: [] },
  { username: manager1.username, role: 'manager', groups: [] },
]

export const networks101: CastCourse = {
  key: 'networks-101',
  id: '2',
  shortName: 'NET101',
  fullName: 'Networks 101',
  idNumber: 'net-101',
  summary: {
    en: 'How packets find their way. One lab each week, in your own machine.',
    fr: 'Comment les paquets trouvent leur chemin. Un TP par semaine, sur votre propre machine.',
  },
  groups: [
    { id: '1', name: 'Group A' },
    { id: '2', name: 'Group B' },
  ],
  members: [
    ...staff,
    ...students.map(({ username }, index) => ({
      username,
      role: 'student' as const,
      groups: [index < halfOfStudents ? '1' : '2'],
    })),
  ],
  activities: [
    {
      key: 'weekly-lab',
      title: { en: 'Weekly lab', fr: 'TP de la semaine' },
      description: {
        en: 'A Linux machine of your own, in your browser. Your files are there next week.',
        fr: 'Une machine Linux à vous, dans le navigateur. Vos fichiers y seront la semaine prochaine.',
      },
      custom: { course: 'networks-101' },
      opensIn: 'window',
    },
    {
      key: 'lab-in-the-page',
      title: { en: 'The same lab, in the page', fr: 'Le même TP, dans la page' },
      description: {
        en: 'Opens in a frame, as many teachers set it.',
        fr: 'S’ouvre dans un cadre, comme beaucoup d’enseignants le règlent.',
      },
      custom: { course: 'networks-101' },
      opensIn: 'frame',
    },
  ],
}

export const machineLearningLab: CastCourse = {
  key: 'machine-learning-lab',
  id: '3',
  shortName: 'MLLAB',
  fullName: 'Machine learning lab',
  idNumber: 'ml-lab',
  summary: {
    en: 'Train small models on borrowed hardware.',
    fr: 'Entraîner de petits modèles sur du matériel prêté.',
  },
  groups: [{ id: '3', name: 'GPU class' }],
  members: [
    ...staff,
    ...students.map(({ username }, index) => ({
      username,
      role: 'student' as const,
      groups: index < halfOfStudents ? ['3'] : [],
    })),
  ],
  activities: [
    {
      key: 'gpu-class',
      title: { en: 'GPU class', fr: 'Séance GPU' },
      description: {
        en: 'One machine with a graphics card, for the afternoon.',
        fr: 'Une machine avec carte graphique, pour l’après-midi.',
      },
      custom: { course: 'ml-lab' },
      opensIn: 'window',
    },
    {
      key: 'gpu-class-group',
      title: { en: 'GPU class, first group only', fr: 'Séance GPU, premier groupe seulement' },
      description: {
        en: 'Only the students of “GPU class” see this one.',
        fr: 'Seuls les étudiants du groupe « GPU class » la voient.',
      },
      custom: { course: 'ml-lab' },
      opensIn: 'window',
      group: '3',
    },
  ],
}

export const courses: readonly CastCourse[] = [networks101, machineLearningLab]
