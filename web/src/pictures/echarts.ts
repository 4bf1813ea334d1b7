/** Only the charts that are drawn: the rest of the library stays out of the page. */
import { BarChart, GaugeChart, HeatmapChart, LineChart, SankeyChart, TreemapChart } from 'echarts/charts';
import {
  AriaComponent,
  GridComponent,
  LegendComponent,
  TooltipComponent,
  VisualMapComponent,
} from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';

use([
  ...[BarChart, LineChart, HeatmapChart, TreemapChart, SankeyChart, GaugeChart],
  ...[GridComponent, TooltipComponent, LegendComponent, VisualMapComponent, AriaComponent, SVGRenderer],
]);

export { init };
